"""Every error that a user of the testbed can meet, and nothing else.

A user's mistake is a `ConfigError` with its place and its remedy; a run that could not be completed is a
`RunError`. A bad packet is neither: it is data, counted and dropped with its reason.
"""

from __future__ import annotations


class TestbedError(Exception):
    """The root of all errors raised on purpose."""


class ConfigProblem:
    """One thing wrong with the input: where it stands, what it is, and what to write instead.

    `line` and `column` count from 1; 0 means that the place has none (an option on the command line).
    `path` is dotted, as in `links.bottleneck.rate`.
    """

    __slots__ = ("column", "file", "line", "message", "path", "suggestion")

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, column: int = 0, path: str = "", suggestion: str = ""
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.suggestion = suggestion

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        parts = [part for part in (place, self.path, self.message) if part]
        text = ": ".join(parts)
        return f"{text} ({self.suggestion})" if self.suggestion else text

    def __repr__(self) -> str:
        return f"ConfigProblem({str(self)!r})"


class ConfigError(TestbedError):
    """The input is wrong. Carries every problem found, in file order; nothing was run or written."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    @classmethod
    def of(cls, message: str, *, file: str = "", path: str = "", suggestion: str = "") -> ConfigError:
        """Of a single problem, which stands on no line."""
        return cls([ConfigProblem(message, file=file, path=path, suggestion=suggestion)])


class UnitError(TestbedError, ValueError):
    """A quantity that could not be read; the message says what a good one looks like.

    Also a `ValueError`, so that schema validators collect it with the others.
    """


class RunError(TestbedError):
    """A run that began and could not be completed: the message says who, when and why."""


def in_words(error: BaseException) -> str:
    """What is said of it: of what the system has refused, where, and not by its number."""
    if not isinstance(error, OSError):
        return str(error)
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename else said
