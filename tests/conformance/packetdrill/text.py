"""Reading the text of a script: comments taken out, conditions decided, and a cursor that moves along it."""

from __future__ import annotations

import re
from collections.abc import Collection

from packetdrill.script import ScriptError

_LEAVE = re.compile(r"""(?P<keep>"(?:[^"\\\n]|\\.)*"|`[^`]*`|%\{.*?\}%)|(?P<comment>//[^\n]*|/\*.*?\*/)""", re.DOTALL)
_CONDITION = re.compile(r"^[ \t]*#(?P<word>ifdef|ifndef|endif)[ \t]*(?P<name>\w*)[^\n]*$", re.MULTILINE)


def strip_comments(text: str) -> str:
    """Blank out comments, keeping every line where it was; strings, commands and code keep theirs."""

    def blank(match: re.Match[str]) -> str:
        if match["keep"] is not None:
            return match["keep"]
        return "\n" * match["comment"].count("\n")

    return _LEAVE.sub(blank, text)


def decide_conditions(text: str, defined: Collection[str]) -> tuple[str, frozenset[str]]:
    """Blank out what `#ifdef` excludes (one level, no else); also return the names that were asked for."""
    kept, mentions, skipping, inside = [], set(), False, False
    for number, line in enumerate(text.split("\n"), 1):
        match = _CONDITION.match(line)
        if match is None:
            kept.append("" if skipping else line)
            continue
        kept.append("")
        opens = match["word"] != "endif"
        if opens == inside:
            raise ScriptError(f"line {number}: #{match['word']} is out of place")
        inside = opens
        skipping = opens and (match["name"] in defined) == (match["word"] == "ifndef")
        if opens:
            mentions.add(match["name"])
    if inside:
        raise ScriptError("an #ifdef without #endif")
    return "\n".join(kept), frozenset(mentions)


class Cursor:
    """A place in a text. `take` moves on if the pattern stands there, past white space."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.skip()

    @property
    def line(self) -> int:
        """The number of the line where the cursor is."""
        return self.text.count("\n", 0, self.at) + 1

    @property
    def rest_of_line(self) -> str:
        """What stands from here to the end of the line."""
        return self.text[self.at :].split("\n", 1)[0].rstrip()

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def skip(self) -> None:
        """Go past white space."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, pattern: str) -> re.Match[str] | None:
        """The match of `pattern` here, and go past it; None when it does not stand here."""
        match = re.compile(pattern, re.DOTALL).match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            self.skip()
        return match

    def need(self, pattern: str, what: str) -> re.Match[str]:
        """The same, where nothing else may stand."""
        match = self.take(pattern)
        if match is None:
            raise self.wrong(f"expected {what}")
        return match

    def wrong(self, message: str) -> ScriptError:
        """The error to raise for what stands here."""
        return ScriptError(f"line {self.line}: {message}, not {self.rest_of_line[:40]!r}")
