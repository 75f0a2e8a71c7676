"""How often each setting of a sweep runs: a number, or until what is measured is known well enough.

    repeat: 10
    repeat: until ±2% at 95%
    repeat: {until: ±2%, at: 95%, metric: a.goodput, least: 5, most: 50}

`until ±2% at 95%` adds repetitions of a setting until the 95 % confidence interval of the mean over its repetitions
is no wider than 2 % of the mean to each side, of the metric that is named, or else of every flow's goodput. `+-2%` is
read as well. There are at least 5 repetitions and at most 100, unless `least` and `most` say otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from testbed.errors import ConfigProblem, UnitError
from testbed.experiment.language.document import Document, Path, problem
from testbed.experiment.language.reader import Reader, shown
from testbed.units import Quantity, Share, count, share

MAX_RUNS: Final = 100_000

_PATH: Final[Path] = ("repeat",)
_UNTIL: Final = re.compile(r"\s*until\s+(?P<tolerance>\S.*?)(?:\s+at\s+(?P<confidence>\S+))?\s*")
_EXAMPLE: Final = "repeat: 10, or repeat: until ±2% at 95%"


def tolerance(text: object) -> float:
    """`±2%` as 0.02; `+-2%` and `2%` are the same."""
    plain = re.sub(r"^\s*(±|\+/?-)\s*", "", text) if isinstance(text, str) else text
    try:
        value = share(plain)
    except UnitError:
        raise UnitError(f"a tolerance is a share of the mean, e.g. '±2%', not {text!r}") from None
    if not value:
        raise UnitError("a tolerance of nothing is never reached")
    return value


def _confidence(text: object) -> float:
    value = share(text)
    if not 0.5 <= value < 1:
        raise UnitError(f"a confidence lies between 50% and 99.9…%, e.g. '95%', not {text!r}")
    return value


def several(text: object) -> int:
    """A number of repetitions that have a spread."""
    value = count(text)
    if not 2 <= value <= MAX_RUNS:
        raise UnitError(f"lies between 2 and {MAX_RUNS}, for one repetition has no spread, not {text!r}")
    return value


@dataclass(frozen=True, kw_only=True)
class RepeatKeys:
    """How long repetitions are added."""

    example: ClassVar[str] = "{until: ±2%, at: 95%}"

    until: Annotated[float, Quantity("tolerance", tolerance, "±2%")]
    """How far the confidence interval of the mean may reach to each side, as a share of the mean."""

    at: Annotated[float, Quantity("confidence", _confidence, "95%")] = 0.95
    """How sure that is to be."""

    metric: str = ""
    """Of what, such as `a.goodput`. Absent: of every flow's goodput."""

    least: Annotated[int, Quantity("count", several, "5")] = 5
    """Repetitions of each setting that are made in any case, at least 2."""

    most: Annotated[int, Quantity("count", several, "50")] = 100
    """Repetitions after which a setting is left as it is."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """When a setting of a sweep has been repeated often enough."""

    share: Share
    """Half the width of the confidence interval of the mean, as a share of the mean."""
    confidence: float
    metric: str | None
    """Such as `a.goodput`; None: every flow's goodput."""
    least: int
    most: int


def repetitions(document: Document, settings: int = 1) -> tuple[int, Precision | None, list[ConfigProblem]]:
    """How often each of so many `settings` runs at first, when that is enough (None: it is), and what is wrong."""
    number, precision, problems = _read(document)
    if settings * number > MAX_RUNS and not problems:
        message = f"{settings} combinations, each {number} times"
        return 1, None, [problem(document, _PATH, message, f"at most {MAX_RUNS} runs")]
    return number, precision, problems


def _read(document: Document) -> tuple[int, Precision | None, list[ConfigProblem]]:
    value = document.at(_PATH)
    if isinstance(value, dict):
        return _until(document)
    found = _UNTIL.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        keys = {"until": found["tolerance"], "at": found["confidence"]}
        short = document.copy()
        place = document.place(_PATH)
        short.put(_PATH, Document.constant({key: text for key, text in keys.items() if text}, place))
        return _until(short)
    try:
        number = 1 if value is None else count(value)
    except UnitError as error:
        large = isinstance(value, int) and not isinstance(value, bool)
        message = str(error) if large else f"is a number or 'until …', not {shown(value)}"
        return 1, None, [problem(document, _PATH, message, "" if large else _EXAMPLE)]
    if not 1 <= number <= MAX_RUNS:
        return 1, None, [problem(document, _PATH, f"lies between 1 and {MAX_RUNS}, not {number}")]
    return number, None, []


def _until(document: Document) -> tuple[int, Precision | None, list[ConfigProblem]]:
    reader = Reader(document)
    keys: RepeatKeys | None = reader.build(_PATH, RepeatKeys)
    if keys is not None and keys.least > keys.most:
        place: Path = (*_PATH, "most") if "most" in reader.mapping(_PATH) else (*_PATH, "least")
        reader.problem(place, f"at least {keys.least} repetitions, and at most {keys.most}", "least: 5, most: 100")
    if keys is None or reader.problems:
        return 1, None, reader.problems
    precision = Precision(
        share=keys.until, confidence=keys.at, metric=keys.metric or None, least=keys.least, most=keys.most
    )
    return keys.least, precision, []
