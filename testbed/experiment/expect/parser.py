"""The text of an expectation to its parts.

    expectation = either [ "for" "each" axis { "," axis } ]
    either      = condition { "or" condition }
    condition   = verdict { "and" verdict }
    verdict     = [ "not" ] comparison
    comparison  = sum [ sign sum [ "within" sum ] | "in" "[" sum "," sum "]" ]
    sum         = product { ( "+" | "-" ) product }
    product     = atom { ( "*" | "/" ) atom }
    atom        = quantity | metric | 'text' | "[" words "]" | "true" | "false" | "none" | "-" atom
                | "min" | "max" | "abs" "(" sum { "," sum } ")"
                | "count" "(" flow "." ( "client" | "server" ) direction [ flags ] [ 'reason' ] ")"
                | aggregate "(" either [ selector ] ")"
                | "(" either ")"
    aggregate   = "median" | "mean" | "min" | "max" | "p1" … "p99" | "count" | "share"
    selector    = "[" axis "=" value { "," axis "=" value } "]"

A name may hold a hyphen (`FIN-WAIT-1`, `flow-1.goodput`), so the sign minus needs a space before it.

An expectation with an aggregate is a comparison: it is judged once, over all runs of the sweep that were completed.
`median(a.goodput[tcp.sack=on]) > 1.2 * median(a.goodput[tcp.sack=off])` compares the runs with and without SACK; an
aggregate without a selector takes all runs. `count` and `share` take a condition, and tell how many of the runs, or
which part of them, fulfil it: `share(a.complete[tcp.sack=on]) > 90%`. An axis goes by its path in `matrix`, or by the
end of it where that is no other's; a value is written as there, and `on` and `off` mean `true` and `false`. `repeat`
is an axis too. With `for each links.path.loss` the comparison is made for each value of that axis, and all must hold.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from testbed.experiment.expect.aggregates import AGGREGATES, CONDITIONS, Aggregate, aggregate_called
from testbed.experiment.expect.kinds import FLAG, NUMBER, TEXT, WORDS, ExpectationError, quantity
from testbed.experiment.expect.nodes import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Constant,
    Count,
    Logic,
    Metric,
    Node,
    Range,
    Selection,
)
from testbed.experiment.expect.words import Token, Words
from testbed.experiment.language.document import nearest
from testbed.experiment.language.pieces import pieces
from testbed.wire.segment import read_flags

FUNCTIONS: Final = ("abs", *AGGREGATES, *CONDITIONS, "p90")

DIRECTIONS: Final = ("sent", "received", "dropped")


class Expectation(NamedTuple):
    """What a text says: of one run, or (`comparison`) of several, perhaps `each` value of some axes by itself."""

    node: Node
    comparison: bool
    each: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    """What it speaks of: `a.goodput`, `jain`."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Expectation:
    """The expectation that `text` says. Raises ExpectationError, which tells the place and what was expected."""
    words = Words(text)
    parser = _Parser(words)
    node = parser.either()
    each = _each(words)
    words.expect_end()
    if each and not parser.aggregates:
        raise ExpectationError("'for each' is said of several runs", f"as in median(a.goodput) > … for each {each[0]}")
    return Expectation(node, bool(parser.aggregates), each, tuple(dict.fromkeys(parser.metrics)))


class _Parser:
    """One method a rule of the grammar."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.aggregates = 0
        """How many there are in what was read."""
        self.metrics: list[str] = []
        """Which there are."""

    def either(self) -> Node:
        """Conditions joined by `or`."""
        parts = [self._both()]
        while self._words.taken("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Logic("or", parts)

    def _both(self) -> Node:
        parts = [self._verdict()]
        while self._words.taken("and"):
            parts.append(self._verdict())
        return parts[0] if len(parts) == 1 else Logic("and", parts)

    def _verdict(self) -> Node:
        return Logic("not", [self._verdict()]) if self._words.taken("not") else self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        if self._words.taken("in"):
            self._words.need("[")
            low = self._sum()
            self._words.need(",")
            high = self._sum()
            self._words.need("]")
            return Range(left, low, high)
        sign = self._words.taken(*Comparison.SIGNS)
        if not sign:
            return left
        right = self._sum()
        within = self._sum() if sign == "==" and self._words.taken("within") else None
        return Comparison(left, sign, right, within)

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._words.taken("+", "-"):
            node = Arithmetic(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._atom()
        while sign := self._words.taken("*", "/"):
            node = Arithmetic(sign, node, self._atom())
        return node

    def _atom(self) -> Node:
        token = self._words.peek()
        if token.kind == "quantity":
            return Constant(*quantity(self._words.take().text))
        if token.kind == "text":
            return Constant(self._words.take().text[1:-1], TEXT)
        if token.kind == "name":
            return self._name(self._words.take())
        if self._words.taken("("):
            node = self.either()
            self._words.need(")")
            return node
        if self._words.taken("["):
            return self._list()
        if self._words.taken("-"):
            return Arithmetic("*", Constant(-1, NUMBER), self._atom())
        raise self._words.unexpected("a quantity or a metric")

    def _name(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Constant(token.text == "true", FLAG)
        if token.text == "none":
            return Constant(None, TEXT)
        called = self._words.peek().text == "("
        if token.text == "count":
            return self._count()
        if token.text in Call.FUNCTIONS:
            return self._call(token.text)
        if called and aggregate_called(token.text):
            self._words.need("(")
            return self._aggregate(token.text, self.either())
        if called:
            raise ExpectationError(f"there is no function {token.text!r}", nearest(token.text, FUNCTIONS))
        self.metrics.append(token.text)
        return Metric(tuple(token.text.split(".")))

    def _call(self, name: str) -> Node:
        self._words.need("(")
        arguments = [self._sum()]
        while self._words.taken(","):
            arguments.append(self._sum())
        if name in AGGREGATES and len(arguments) == 1:
            return self._aggregate(name, arguments[0])
        self._words.need(")")
        return Call(name, arguments)

    def _aggregate(self, name: str, inner: Node) -> Node:
        """`name(inner` has been read."""
        if self._words.peek().text in ("[", ","):
            raise self._words.unexpected("a selector such as [tcp.sack=on], or ')',")
        choice = _selector(self._words) if self._words.peek().kind == "selector" else ()
        self._words.need(")")
        self.aggregates += 1
        return Aggregate(name, inner, choice)

    def _list(self) -> Node:
        words: list[str] = []
        while not self._words.taken("]"):
            if words:
                self._words.need(",")
            if self._words.peek().kind not in ("name", "text"):
                raise self._words.unexpected("a word")
            words.append(self._words.take().text.strip("'\""))
        return Constant(words, WORDS)

    def _count(self) -> Node:
        """Segments of one run, or runs that fulfil a condition."""
        self._words.need("(")
        flow, _, side = self._words.peek().text.partition(".")
        if self._words.peek(1).text not in DIRECTIONS and side not in ("client", "server"):
            return self._aggregate("count", self.either())
        self._words.take()
        if side not in ("client", "server"):
            raise ExpectationError("count() begins with an end of a flow", "as in count(a.client sent RST)")
        direction = self._words.taken(*DIRECTIONS)
        if not direction:
            raise self._words.unexpected(" or ".join(map(repr, DIRECTIONS)))
        flags = _flags(self._words) if self._words.peek().kind == "name" else 0
        reason = self._words.take().text[1:-1] if self._words.peek().kind == "text" else ""
        self._words.need(")")
        return Count(Selection(flow, side, direction, flags, reason))


# -- parts without parts ----------------------------------------------------------------------------------------------


def _each(words: Words) -> tuple[str, ...]:
    """The axes of `for each`."""
    axes: list[str] = []
    if words.taken("for"):
        words.need("each")
        axes.append(_axis(words))
        while words.taken(","):
            axes.append(_axis(words))
    return tuple(axes)


def _axis(words: Words) -> str:
    if words.peek().kind != "name":
        raise words.unexpected("an axis of the sweep")
    return words.take().text


def _selector(words: Words) -> Choice:
    chosen = []
    for piece in pieces(words.take().text[1:-1]):
        axis, sign, value = re.split(r"(==?)", piece, maxsplit=1) if "=" in piece else (piece, "", "")
        if not (axis.strip() and sign and value.strip()):
            raise ExpectationError(f"{piece.strip()!r} chooses no runs", "as in [tcp.sack=on, tcp.rto_min=200ms]")
        chosen.append((axis.strip(), value.strip()))
    return tuple(chosen)


def _flags(words: Words) -> int:
    token = words.take()
    try:
        return read_flags(token.text)
    except KeyError:
        raise ExpectationError(f"{token.text!r} is no flag", "as in SYN, SYN-ACK, FIN, RST, PSH or URG") from None
