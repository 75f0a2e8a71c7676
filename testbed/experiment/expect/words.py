"""The text of an expectation taken apart into words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from testbed.experiment.expect.kinds import ExpectationError

KEYWORDS: Final = ("and", "or", "not", "in", "within", "for", "true", "false", "none")

_TOKEN: Final = re.compile(
    r"\s*(?:"
    r"(?P<selector>\[\s*[A-Za-z_][\w.-]*\s*=(?:[^\[\]{}'\"]|'[^']*'|\"[^\"]*\"|\{[^{}]*\}|\[[^\[\]]*\])*\])"
    r"|(?P<quantity>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
    rf"(?:\s*%|\s*(?!(?:{'|'.join(KEYWORDS)})\b)[A-Za-zµμ]+(?:/s\b)?(?![\w.(]))?)"
    r"|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z0-9_][\w-]*)*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>==|!=|<=|>=|[-+*/<>()\[\],])"
    r")"
)


_MOST: Final = 200
"""Words of one expectation: more cannot be read anyway, and would nest deeper than Python goes."""


class Token(NamedTuple):
    """A word of the text: its kind, what it says, and where it begins, from 0."""

    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[Token]:
    found = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            bad = text[at:].lstrip()[:1]
            raise ExpectationError(f"{bad!r} at character {text.index(bad, at) + 1} means nothing here", _remedy(bad))
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    if len(found) > _MOST:
        raise ExpectationError(f"{len(found)} words, at most {_MOST}", "write several expectations")
    return [*found, Token("end", "", len(text))]


def _remedy(character: str) -> str:
    remedies = {"=": "write == for equal", "&": "write 'and'", "|": "write 'or'", "!": "write 'not' or !="}
    return remedies.get(character, "")


class Words:
    """The words of a text, taken one after another."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def peek(self, ahead: int = 0) -> Token:
        """The next word, or one further `ahead`."""
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next word, which is then behind us."""
        token = self.peek()
        self._next += token.kind != "end"
        return token

    def taken(self, *words: str) -> str:
        """The next word, if it is one of these, which is then behind us; else ""."""
        token = self.peek()
        return self.take().text if token.kind in ("sign", "name") and token.text in words else ""

    def need(self, word: str) -> None:
        """The next word must be this one."""
        if not self.taken(word):
            raise self.unexpected(repr(word))

    def unexpected(self, expected: str) -> ExpectationError:
        """What to raise where something else stands."""
        token = self.peek()
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpectationError(f"expected {expected} at character {token.at + 1}, not {found}")

    def expect_end(self) -> None:
        """Nothing may be left."""
        if self.peek().kind != "end":
            raise self.unexpected("a comparison sign, 'and', 'or' or the end")
