"""The text of an expectation to its parts.

    expectation = condition { "or" condition }
    condition   = verdict { "and" verdict }
    verdict     = [ "not" ] comparison
    comparison  = sum [ sign sum [ "within" sum ] | "in" "[" sum "," sum "]" ]
    sum         = product { ( "+" | "-" ) product }
    product     = atom { ( "*" | "/" ) atom }
    atom        = quantity | metric | 'text' | "[" words "]" | "true" | "false" | "none" | "-" atom
                | "min" | "max" | "abs" "(" sum { "," sum } ")"
                | "count" "(" flow "." ( "client" | "server" ) direction [ flags ] [ 'reason' ] ")"
                | "(" expectation ")"

A name may hold a hyphen (`FIN-WAIT-1`, `flow-1.goodput`), so the sign minus needs a space before it.
"""

from __future__ import annotations

from typing import Final

from testbed.experiment.expect.kinds import FLAG, NUMBER, TEXT, WORDS, ExpectationError, quantity
from testbed.experiment.expect.nodes import (
    Arithmetic,
    Call,
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
from testbed.wire.segment import read_flags

DIRECTIONS: Final = ("sent", "received", "dropped")


def parse(text: str) -> Node:
    """The expectation that `text` says. Raises ExpectationError, which tells the place and what was expected."""
    words = Words(text)
    node = _Parser(words).either()
    words.expect_end()
    return node


class _Parser:
    """One method a rule of the grammar."""

    def __init__(self, words: Words) -> None:
        self._words = words

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
        if token.text == "count":
            return self._count()
        if token.text in Call.FUNCTIONS:
            return self._call(token.text)
        return Metric(tuple(token.text.split(".")))

    def _call(self, name: str) -> Node:
        self._words.need("(")
        arguments = [self._sum()]
        while self._words.taken(","):
            arguments.append(self._sum())
        self._words.need(")")
        return Call(name, arguments)

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
        self._words.need("(")
        end = self._words.take()
        flow, _, side = end.text.partition(".")
        if side not in ("client", "server"):
            raise ExpectationError("count() begins with an end of a flow", "as in count(a.client sent RST)")
        direction = self._words.taken(*DIRECTIONS)
        if not direction:
            raise self._words.unexpected(" or ".join(map(repr, DIRECTIONS)))
        flags = self._flags() if self._words.peek().kind == "name" else 0
        reason = self._words.take().text[1:-1] if self._words.peek().kind == "text" else ""
        self._words.need(")")
        return Count(Selection(flow, side, direction, flags, reason))

    def _flags(self) -> int:
        token = self._words.take()
        try:
            return read_flags(token.text)
        except KeyError:
            raise ExpectationError(f"{token.text!r} is no flag", "as in SYN, SYN-ACK, FIN, RST, PSH or URG") from None
