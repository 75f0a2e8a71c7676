"""The parts of an expectation, each of which can say what kind of value it has and, after a run, which value."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

from testbed.experiment.expect.kinds import FLAG, NUMBER, TEXT, ExpectationError, Kind, Unit


class Facts(ABC):
    """What is known of a run: the values, or, before it, their kinds only."""

    @abstractmethod
    def kind(self, path: tuple[str, ...]) -> Kind:
        """The kind of the metric at `path`. Raises ExpectationError for what is not there."""

    @abstractmethod
    def value(self, path: tuple[str, ...]) -> Any:
        """Its value in bytes and seconds; None where it has none."""

    @abstractmethod
    def count(self, selection: Selection) -> int:
        """How many segments there were of those that are selected."""

    def one(self) -> Facts:
        """What is known of each of several runs. Raises ExpectationError where there is only one."""
        raise ExpectationError(
            "one run has no median, mean or share", "an aggregate takes metrics, as in median(a.goodput)"
        )

    def runs(self, choice: Choice) -> Sequence[Facts]:
        """The complete runs of those that are chosen. Raises Absent where there is none."""
        raise NotImplementedError("there is no run yet")


class Absent(Exception):
    """A value that a run did not yield, such as the completion time of what was not completed."""


Choice = tuple[tuple[str, str], ...]
"""Runs of a sweep: (axis, value) as an expectation has them, `tcp.sack=on`; empty: all runs."""


class Selection:
    """Segments of one end of a flow, in one direction, with some flags or for a reason."""

    __slots__ = ("direction", "end", "flags", "flow", "reason")

    def __init__(self, flow: str, end: str, direction: str, flags: int, reason: str) -> None:
        self.flow = flow
        self.end = end
        self.direction = direction
        self.flags = flags
        self.reason = reason


class Node(ABC):
    """A part of an expectation."""

    @abstractmethod
    def kind(self, facts: Facts) -> Kind:
        """What kind of value it has. Raises ExpectationError where the parts do not fit together."""

    @abstractmethod
    def value(self, facts: Facts) -> Any:
        """Its value in bytes and seconds. Raises Absent."""

    @property
    def subject(self) -> Node:
        """The part whose value is shown beside the verdict."""
        return self

    def deciding(self, facts: Facts) -> Node:
        """The part that makes the verdict what it is."""
        return self

    def bound(self, facts: Facts) -> tuple[str, Any] | None:
        """The sign, and what the subject was compared with: a value, or the two ends of a range."""
        return None


class Constant(Node):
    """A quantity, a text, a list of words, true or false."""

    def __init__(self, value: Any, kind: Kind) -> None:
        self._value = value
        self._kind = kind

    def kind(self, facts: Facts) -> Kind:
        return self._kind

    def value(self, facts: Facts) -> Any:
        return self._value


class Metric(Node):
    """A number of the run's summary, by its path."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def kind(self, facts: Facts) -> Kind:
        return facts.kind(self._path)

    def value(self, facts: Facts) -> Any:
        value = facts.value(self._path)
        if value is None and facts.kind(self._path) != TEXT:
            raise Absent(".".join(self._path))
        return value


class Count(Node):
    """How many segments of some kind there were."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection

    def kind(self, facts: Facts) -> Kind:
        facts.kind((self.selection.flow, "complete"))
        facts.count(self.selection)
        return NUMBER

    def value(self, facts: Facts) -> Any:
        return facts.count(self.selection)


# -- arithmetic -------------------------------------------------------------------------------------------------------


def _number(node: Node, facts: Facts) -> Unit:
    kind = node.kind(facts)
    if not isinstance(kind, Unit):
        raise ExpectationError(f"{kind} cannot be reckoned with")
    return kind


class Arithmetic(Node):
    """Two numbers with + - * or /."""

    _OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    }  # fmt: skip

    def __init__(self, sign: str, left: Node, right: Node) -> None:
        self._sign = sign
        self._left = left
        self._right = right

    def kind(self, facts: Facts) -> Kind:
        left, right = _number(self._left, facts), _number(self._right, facts)
        if self._sign == "*":
            return Unit(left.bytes + right.bytes, left.seconds + right.seconds)
        if self._sign == "/":
            return Unit(left.bytes - right.bytes, left.seconds - right.seconds)
        if left != right:
            raise ExpectationError(f"{left} {self._sign} {right} has no meaning", "both sides need the same unit")
        return left

    def value(self, facts: Facts) -> Any:
        left, right = self._left.value(facts), self._right.value(facts)
        if self._sign == "/" and right == 0:
            raise Absent("division by 0")
        return self._OPERATIONS[self._sign](left, right)


class Call(Node):
    """min, max or abs of numbers."""

    FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"min": min, "max": max, "abs": abs}

    def __init__(self, name: str, arguments: list[Node]) -> None:
        self._name = name
        self._arguments = arguments

    def kind(self, facts: Facts) -> Kind:
        kinds = [_number(argument, facts) for argument in self._arguments]
        if len(set(kinds)) != 1 or (self._name == "abs") != (len(kinds) == 1):
            raise ExpectationError(f"{self._name}() takes {_TAKES[self._name]}")
        return kinds[0]

    def value(self, facts: Facts) -> Any:
        return self.FUNCTIONS[self._name](*(argument.value(facts) for argument in self._arguments))


_TAKES: Final = {
    "min": "two numbers or more, of one unit", "max": "two numbers or more, of one unit", "abs": "one number",
}  # fmt: skip

# -- verdicts ---------------------------------------------------------------------------------------------------------


class Comparison(Node):
    """Two sides, one sign. `within` is how far apart, as a share of the right side, equal ones may be."""

    SIGNS: Final[dict[str, Callable[[Any, Any], Any]]] = {
        "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt,
        ">": operator.gt,
    }  # fmt: skip

    def __init__(self, left: Node, sign: str, right: Node, within: Node | None = None) -> None:
        self._left = left
        self._sign = sign
        self._right = right
        self._within = within

    def kind(self, facts: Facts) -> Kind:
        left, right = self._left.kind(facts), self._right.kind(facts)
        if left != right:
            raise ExpectationError(f"{left} cannot be compared with {right}", _remedy(left, right))
        if self._sign not in ("==", "!=") and not isinstance(left, Unit):
            raise ExpectationError(f"{left} is not more or less than another", "== or !=")
        if self._within is not None:
            self._check_tolerance(self._within, facts)
        return FLAG

    def value(self, facts: Facts) -> Any:
        try:
            left, right = self._left.value(facts), self._right.value(facts)
            if self._within is not None:
                return abs(left - right) <= abs(right) * self._within.value(facts)
        except Absent:
            return False
        return bool(self.SIGNS[self._sign](left, right))

    @staticmethod
    def _check_tolerance(within: Node, facts: Facts) -> None:
        if within.kind(facts) != NUMBER:
            raise ExpectationError("'within' takes a share", "as in within 5%")
        if isinstance(within, Constant) and (share := within.value(facts)) >= 1:
            remedy = f"within {share:g}%, or a range: in [a, b]"
            raise ExpectationError(f"within {share:g} is within {share:.0%}", remedy)

    @property
    def subject(self) -> Node:
        return self._left

    def bound(self, facts: Facts) -> tuple[str, Any] | None:
        right = self._right.value(facts)
        if self._within is None:
            return self._sign, right
        reach = abs(right) * self._within.value(facts)
        return "in", (right - reach, right + reach)


def _remedy(left: Kind, right: Kind) -> str:
    units = {Unit(1, -1): "3 Mbit/s", Unit(0, 1): "20ms", Unit(1, 0): "64KiB"}
    if isinstance(left, Unit) and left in units:
        return f"the right side needs a unit, as in {units[left]}"
    return f"it is {left}" if isinstance(right, Unit) else f"the left side is {left}"


class Range(Node):
    """A number between two others, both included."""

    def __init__(self, subject: Node, low: Node, high: Node) -> None:
        self._subject = subject
        self._low = low
        self._high = high

    def kind(self, facts: Facts) -> Kind:
        kinds = {_number(node, facts) for node in (self._subject, self._low, self._high)}
        if len(kinds) != 1:
            raise ExpectationError("a range and what lies in it need the same unit")
        return FLAG

    def value(self, facts: Facts) -> Any:
        try:
            return self._low.value(facts) <= self._subject.value(facts) <= self._high.value(facts)
        except Absent:
            return False

    @property
    def subject(self) -> Node:
        return self._subject

    def bound(self, facts: Facts) -> tuple[str, Any] | None:
        return "in", (self._low.value(facts), self._high.value(facts))


class Logic(Node):
    """`and`, `or` and `not` of verdicts."""

    def __init__(self, word: str, parts: list[Node]) -> None:
        self._word = word
        self._parts = parts

    def kind(self, facts: Facts) -> Kind:
        for part in self._parts:
            if part.kind(facts) != FLAG:
                raise ExpectationError(f"{self._word!r} joins what is true or false, not {part.kind(facts)}")
        return FLAG

    def value(self, facts: Facts) -> Any:
        verdicts = [bool(verdict(part, facts)) for part in self._parts]
        return {"and": all(verdicts), "or": any(verdicts), "not": not verdicts[0]}[self._word]

    @property
    def subject(self) -> Node:
        return self._parts[0].subject

    def deciding(self, facts: Facts) -> Node:
        if self._word == "not":
            return self
        whole = self.value(facts)
        return next(part for part in self._parts if bool(verdict(part, facts)) == whole).deciding(facts)


def verdict(node: Node, facts: Facts) -> Any:
    """Its value; false where a run did not yield what it speaks of."""
    try:
        return node.value(facts)
    except Absent:
        return False
