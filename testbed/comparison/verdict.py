"""A difference in a sentence: who beats whom, by how much, how sure that is, and where.

200ms beats 1s by 18 % (12 to 25 %), on all four paths
no difference between 200ms and 1s could be shown (-3 to +5 %); if it is the 1.2 % it looks like, about 40 more …
200ms and 1s are identical: every pair gave the same value
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from typing import Final

from testbed.comparison.measure import HIGHER, LOWER, NEITHER, Measure
from testbed.comparison.result import CERTAIN, IDENTICAL, SAME, SHOWN, TOO_FEW, Difference
from testbed.statistics.difference import FEWEST

_NUMBERS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)

DOUBLE: Final = 2.0
"""From here on a ratio is easier to grasp than a percentage."""

NAMED: Final = 3
"""Circumstances that are named; more are counted."""

MANY: Final = 1_000
"""Nobody makes more runs than that."""


class Words:
    """How the settings, the circumstances and the metric of one comparison are called."""

    def __init__(
        self, by: Sequence[str], others: Sequence[str], measure: Measure, comparisons: int = 1, alpha: float = 0.05
    ) -> None:
        self.measure = measure
        self.comparisons = comparisons
        self.alpha = alpha
        self._by = [axis.split(".")[-1] for axis in by]
        on_paths = all(axis.startswith(("links.", "topology")) for axis in others)
        self._preposition = "on" if on_paths else "in"
        self._noun = "path" if on_paths else "case"

    def setting(self, label: str) -> str:
        """As it is written; a bare number or a word that says nothing alone goes with its axis: `sack=true`."""
        parts = label.split(", ")
        if len(parts) != len(self._by):
            return label
        bare = re.compile(r"true|false|null|on|off|not set|[-+0-9.e]+|\W.*")
        return ", ".join(
            f"{axis}={part}" if bare.fullmatch(part) else part for axis, part in zip(self._by, parts, strict=True)
        )

    def everywhere(self, count: int) -> str:
        """`on all four paths`."""
        return f"{self._preposition} {'both' if count == 2 else f'all {counted(count)}'} {self._noun}s"

    def somewhere(self, count: int, of: int) -> str:
        """`on three of four paths`."""
        return f"{self._preposition} {counted(count)} of {counted(of)} {self._noun}s"

    def named(self, parts: Sequence[Difference]) -> str:
        """`at links.path.loss=5%`."""
        if len(parts) > NAMED:
            return f"{self._preposition} {counted(len(parts))} {self._noun}s"
        return "at " + " and ".join(part.where for part in parts)


def verdicts(differences: Sequence[Difference], words: Words) -> list[str]:
    """A sentence for each; a single one where there were too few runs of all."""
    if len(differences) > 1 and all(one.kind == TOO_FEW for one in differences):
        most = max(one.n for one in differences)
        return [f"{_runs(most)} of each setting cannot show anything; {_enough(most)}"]
    return [verdict(one, words) for one in differences]


def verdict(difference: Difference, words: Words) -> str:
    """The sentence, without a full stop."""
    mine, base = words.setting(difference.label), words.setting(difference.baseline)
    if difference.kind == IDENTICAL:
        pairs = {1: "the only pair", 2: "both pairs"}.get(difference.n, "every pair")
        return f"{mine} and {base} are identical: {pairs} gave the same value"
    if difference.kind == TOO_FEW:
        return _too_few(difference, words)
    if difference.kind == SAME:
        mean = "in the mean " if any(part.shown for part in difference.parts) else ""
        text = f"{mean}{mine} and {base} are as good as the same ({_bounds(difference)} apart)"
        return text + _but(difference, words)
    if difference.kind == CERTAIN:
        return f"{_claim(difference, words)}{_where(difference, words)}: no chance, for every repetition gave the same"
    if difference.kind == SHOWN:
        return f"{_claim(difference, words)}{_where(difference, words)}"
    alone = difference.p is not None and difference.p < words.alpha
    family = f", as one of {counted(words.comparisons)} comparisons" if alone else ""
    text = f"no difference between {mine} and {base} could be shown{family}{_bracket(_bounds(difference))}"
    return text + _but(difference, words) + _more(difference)


# -- who, and by how much --------------------------------------------------------------------------------------------


def _claim(one: Difference, words: Words) -> str:
    """`200ms beats 1s by 18 % (12 to 25 %)`: the better one first; or the one with more, where neither is better."""
    mine, base = words.setting(one.label), words.setting(one.baseline)
    measure = words.measure
    if measure.better == NEITHER:
        more, less = (mine, base) if one.sign > 0 else (base, mine)
        return f"{more} has {_amount(one, HIGHER)} more {measure.name} than {less}{_interval(one, HIGHER)}"
    winner, loser = (mine, base) if one.sign == measure.better else (base, mine)
    if measure.better == HIGHER:
        return f"{winner} beats {loser} by {_amount(one, HIGHER)}{_interval(one, HIGHER)}"
    return f"{winner} beats {loser}: {measure.name} is {_amount(one, LOWER)} less{_interval(one, LOWER)}"


def _amount(one: Difference, way: int) -> str:
    return _shown(one, way, one.relative if one.logarithmic else one.absolute) or "something"


def _interval(one: Difference, way: int) -> str:
    low, high = (one.low, one.high) if one.logarithmic else (one.absolute_low, one.absolute_high)
    if low is not None and high is not None and low < 0 < high:
        return ""  # where the test and its interval differ by a hair
    bounds = [_shown(one, way, value, unit=False) for value in (low, high)]
    if None in bounds:
        return ""
    first, last = sorted((text for text in bounds if text), key=lambda text: float(text.split()[0].replace(",", "")))
    unit = " %" if one.logarithmic and not _as_ratio(one, way) else ""
    return f" ({first} to {last}{unit})"


def _shown(one: Difference, way: int, value: float | None, *, unit: bool = True) -> str | None:
    """A difference as seen from the winner: what it has `way` (HIGHER, LOWER) of the loser."""
    if value is None:
        return None
    if not one.logarithmic:
        return percent(abs(value))
    ratio = 1 + value if one.sign == way else 1 / (1 + value)
    if _as_ratio(one, way):
        return f"a factor of {ratio:.2g}" if unit else f"{ratio:.2g}"
    return percent(100 * (ratio - 1) * way) + (" %" if unit else "")


def _as_ratio(one: Difference, way: int) -> bool:
    if way == LOWER or one.relative is None:
        return False
    return max(1 + one.relative, 1 / (1 + one.relative)) >= DOUBLE


def percent(value: float) -> str:
    """To two digits, whole from ten on: `18`, `1.2`, `0.031`."""
    return f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.2g}"


def _bounds(one: Difference) -> str:
    """The interval as it stands, with signs: `-3 to +5 %`."""
    low, high = (one.absolute_low, one.absolute_high) if one.low is None else (one.low, one.high)
    if low is None or high is None:
        return ""
    scale, unit = (1, "") if one.low is None else (100, " %")
    return f"{_signed(low * scale)} to {_signed(high * scale)}{unit}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{percent(value)}"


def _bracket(text: str) -> str:
    return f" ({text})" if text else ""


# -- where -----------------------------------------------------------------------------------------------------------


def _where(one: Difference, words: Words) -> str:
    """On all paths, on which not."""
    if not one.parts:
        return ""
    alike = [part for part in one.parts if part.sign == one.sign]
    shown = [part for part in alike if part.shown]
    opposite = [part for part in one.parts if part.sign == -one.sign]
    count = len(one.parts)
    if len(alike) == count:
        alone = "" if len(shown) in (0, count) else f" ({words.somewhere(len(shown), count)} shown by itself)"
        return f", {words.everywhere(count)}{alone}"
    told = f", {words.somewhere(len(alike), count)}"
    sure = [part for part in opposite if part.shown]
    if sure:
        return f"{told}; the other way {words.named(sure)}: {_claim(sure[0], words)}"
    return f"{told}; it looks the other way {words.named(opposite)}" if opposite else told


def _but(one: Difference, words: Words) -> str:
    """What can be shown somewhere, though not overall."""
    shown = [part for part in one.parts if part.shown]
    told = "; ".join(f"{words.named([part])} {_claim(part, words)}" for part in shown[:NAMED])
    more = f"; and so {words.somewhere(len(shown) - NAMED, len(one.parts))} more" if len(shown) > NAMED else ""
    return f"; but {told}{more}" if told else ""


# -- what would help -------------------------------------------------------------------------------------------------


def _more(one: Difference) -> str:
    if one.runs_needed is None or one.runs_needed - one.n > MANY:
        return "; if there is any, more than 1,000 runs of each would be needed"
    paths = max(1, len(one.parts))
    repeat = ceil(one.runs_needed / paths)
    missing = repeat * paths - one.n
    runs = "1 more run" if missing == 1 else f"{_about(missing)} more runs"
    return f"; if it is as large as it looks, {runs} of each would (repeat: {repeat})"


def _about(count: int) -> str:
    """`about 40`: a number that was only estimated, to two digits."""
    return f"about {float(f'{count:.2g}'):,.0f}"


def _too_few(one: Difference, words: Words) -> str:
    mine, base = words.setting(one.label), words.setting(one.baseline)
    seen = ""
    if one.sign and one.relative is not None:
        seen = f" (it looks like {_signed(one.relative * 100)} % for {mine})"
    return f"{_runs(one.n)} each of {mine} and {base} cannot show anything{seen}; {_enough(one.n)}"


def _enough(count: int) -> str:
    start = f"{FEWEST} might, and `repeat: 10` is a good start"
    return f"`repeat: 2` tells whether chance plays a part; {start}" if count == 1 else start


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{counted(count)} runs"


def counted(number: int) -> str:
    """Small numbers in words."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)
