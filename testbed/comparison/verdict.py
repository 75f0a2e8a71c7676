"""A difference in a sentence: who beats whom, by how much, how sure that is, and where.

200ms beats 1s by 18 % (12 to 25 %), on all four paths
200ms beats 1s by 9 % (6.1 to 12 %), on three of four paths; at loss=1% no difference could be shown
no difference between 200ms and 1s could be shown (-3 to +5 %); if it is the 1.2 % it looks like, about 40 more …
200ms and 1s are identical: every pair gave the same value
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from typing import Final

from testbed.comparison.measure import Measure, two_digits
from testbed.comparison.result import ALONE, CERTAIN, IDENTICAL, SAME, SHOWN, TOO_FEW, Difference
from testbed.metrics.table import HIGHER, LOWER, NEITHER
from testbed.statistics.difference import FEWEST

_NUMBERS: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

_BARE: Final = re.compile(r"true|false|null|on|off|not set|[-+0-9.e]+|\W.*")
"""Values that say nothing alone."""

DOUBLE: Final = 2.0
"""From here on a ratio is easier to grasp than a percentage."""

NAMED: Final = 3
"""Circumstances that are named; more are counted."""

LONG: Final = 50
"""Letters of their names; longer ones are counted too."""

MANY: Final = 1_000
"""Nobody makes more runs than that."""


class Words:
    """How the settings, the circumstances and the metric of one comparison are called."""

    def __init__(self, by: Sequence[str], others: Sequence[str], measure: Measure, comparisons: int = 1) -> None:
        self.measure = measure
        self.comparisons = comparisons
        self._by = [axis.split(".")[-1] for axis in by]
        on_paths = all(axis.startswith(("links.", "topology")) for axis in others)
        self._preposition = "on" if on_paths else "in"
        self._noun = "path" if on_paths else "case"

    def settings(self, one: Difference) -> tuple[str, str]:
        """The setting and its baseline, as they are written, by what they differ in; a bare number or a word that says
        nothing alone goes with its axis: `sack=true`.
        """
        mine, base = one.label.split(", "), one.baseline.split(", ")
        if not len(mine) == len(base) == len(self._by):
            return one.label, one.baseline
        told = [
            (self._named(*own), self._named(*other))
            for own, other in zip(zip(self._by, mine, strict=True), zip(self._by, base, strict=True), strict=True)
            if own != other
        ]
        return ", ".join(own for own, _ in told), ", ".join(other for _, other in told)

    @staticmethod
    def _named(axis: str, value: str) -> str:
        return f"{axis}={value}" if _BARE.fullmatch(value) else value

    def everywhere(self, count: int) -> str:
        """`on all four paths`."""
        return f"{self._preposition} {'both' if count == 2 else f'all {counted(count)}'} {self._noun}s"

    def somewhere(self, count: int, of: int) -> str:
        """`on three of four paths`."""
        return f"{self._preposition} {counted(count)} of {counted(of)} {self._noun}s"

    def anywhere(self, count: int) -> str:
        """`on any of them`."""
        return f"{self._preposition} {'either' if count == 2 else 'any'} of them"

    def named(self, parts: Sequence[Difference]) -> str:
        """`at links.path.loss=5%`."""
        told = "at " + " and ".join(part.where for part in parts)
        if len(parts) > NAMED or (len(parts) > 1 and len(told) > LONG):
            return f"{self._preposition} {counted(len(parts))} {self._noun}s"
        return told


def verdicts(differences: Sequence[Difference], words: Words) -> list[str]:
    """A sentence for each; a single one where there were too few runs of all."""
    if len(differences) > 1 and all(one.kind == TOO_FEW for one in differences):
        most = max(one.n for one in differences)
        return [f"{_runs(most)} of each setting cannot show anything; {_enough(most)}"]
    return [verdict(one, words) for one in differences]


def verdict(difference: Difference, words: Words) -> str:
    """The sentence, without a full stop."""
    mine, base = words.settings(difference)
    if difference.kind == IDENTICAL:
        pairs = {1: "the only pair", 2: "both pairs"}.get(difference.n, "every pair")
        return f"{mine} and {base} are identical: {pairs} gave the same value"
    if difference.kind == TOO_FEW:
        return _too_few(difference, words)
    if difference.kind == SAME:
        mean = "in the mean " if any(part.shown for part in difference.parts) else ""
        text = f"{mean}{mine} and {base} are as good as the same ({_bounds(difference, words)} apart)"
        return text + _but(difference, words)
    if difference.kind == CERTAIN:
        return f"{_claim(difference, words)}{_where(difference, words)}: no chance, for every repetition gave the same"
    if difference.kind == SHOWN:
        return f"{_claim(difference, words)}{_where(difference, words)}"
    if difference.kind == ALONE:
        text = f"not shown among {counted(words.comparisons)} comparisons, though it would be alone: "
        return text + _claim(difference, words) + _but(difference, words) + _more(difference)
    text = f"no difference between {mine} and {base} could be shown{_bracket(_bounds(difference, words))}"
    return text + _but(difference, words) + _more(difference)


# -- who, and by how much --------------------------------------------------------------------------------------------


def _claim(one: Difference, words: Words) -> str:
    """`200ms beats 1s by 18 % (12 to 25 %)`: the better one first; or the one with more, where neither is better."""
    mine, base = words.settings(one)
    measure = words.measure
    if measure.better == NEITHER:
        more, less = (mine, base) if one.sign > 0 else (base, mine)
        if _as_ratio(one, HIGHER):
            times = _shown(one, HIGHER, one.relative, unit=False)
            return f"{more} has {times} times the {measure.name} of {less}{_interval(one, HIGHER, measure)}"
        bounds = _interval(one, HIGHER, measure)
        return f"{more} has {_amount(one, HIGHER, measure)} more {measure.name} than {less}{bounds}"
    winner, loser = (mine, base) if one.sign == measure.better else (base, mine)
    if measure.better == HIGHER:
        return f"{winner} beats {loser} by {_amount(one, HIGHER, measure)}{_interval(one, HIGHER, measure)}"
    return (
        f"{winner} beats {loser}: {measure.name} is {_amount(one, LOWER, measure)} less{_interval(one, LOWER, measure)}"
    )


def _amount(one: Difference, way: int, measure: Measure) -> str:
    if not one.logarithmic:
        return measure.show_distance(one.absolute)
    return _shown(one, way, one.relative) or "something"


def _interval(one: Difference, way: int, measure: Measure) -> str:
    low, high = (one.low, one.high) if one.logarithmic else (one.absolute_low, one.absolute_high)
    if low is not None and high is not None and low < 0 < high:
        return ""  # where the test and its interval differ by a hair
    if low is not None and low == high:
        return f" (all {'pairs' if one.paired else 'runs'} alike{', by themselves' if one.parts else ''})"
    if not one.logarithmic and low is not None and high is not None:
        first, last = (measure.show_distance(bound) for bound in sorted((low, high), key=abs))
        return f" ({first} to {last})"
    bounds = [_shown(one, way, value, unit=False) for value in (low, high)]
    if None in bounds:
        return ""
    first, last = sorted((text for text in bounds if text), key=lambda text: float(text.split()[0].replace(",", "")))
    if first == last:
        return ""  # so narrow that it says no more than the number
    unit = " %" if not _as_ratio(one, way) else ""
    return f" ({first} to {last}{unit})"


def _shown(one: Difference, way: int, value: float | None, *, unit: bool = True) -> str | None:
    """A difference as seen from the winner: what it has `way` (HIGHER, LOWER) of the loser."""
    if value is None:
        return None
    ratio = 1 + value if one.sign == way else 1 / (1 + value)
    if _as_ratio(one, way):
        return f"a factor of {two_digits(ratio)}" if unit else two_digits(ratio)
    return two_digits(100 * (ratio - 1) * way) + (" %" if unit else "")


def _as_ratio(one: Difference, way: int) -> bool:
    if way == LOWER or one.relative is None:
        return False
    return max(1 + one.relative, 1 / (1 + one.relative)) >= DOUBLE


def _bounds(one: Difference, words: Words) -> str:
    """The interval as it stands, with signs: `-3 to +5 %`."""
    low, high = (one.low, one.high) if one.logarithmic else (one.absolute_low, one.absolute_high)
    if low is None or high is None:
        return ""
    if not one.logarithmic:
        return f"{words.measure.show_difference(low)} to {words.measure.show_difference(high)}"
    return f"{_signed(low * 100)}{'' if low == high else f' to {_signed(high * 100)}'} %"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{two_digits(value)}"


def _bracket(text: str) -> str:
    return f" ({text})" if text else ""


# -- where -----------------------------------------------------------------------------------------------------------


def _where(one: Difference, words: Words) -> str:
    """Where it is shown, and where not; where no path has runs enough to show it by itself, where it looks so."""
    if not one.parts:
        return ""
    few = all(part.kind == TOO_FEW for part in one.parts)
    mine = [part for part in one.parts if part.sign == one.sign and (part.shown or few)]
    opposite = [part for part in one.parts if part.sign == -one.sign and (part.shown or few)]
    others = [part for part in one.parts if part not in mine and part not in opposite]
    count = len(one.parts)
    if not mine and not opposite:
        return f", {words.everywhere(count)} together, if not by itself {words.anywhere(count)}"
    told = f", {words.everywhere(count) if len(mine) == count else words.somewhere(len(mine), count)}"
    if opposite:
        claim = "" if few else f": {_claim(opposite[0], words)}"
        told += f"; {'it looks ' if few else ''}the other way {words.named(opposite)}{claim}"
    if others:
        alike = all(part.kind in (IDENTICAL, SAME) for part in others)
        told += f"; {words.named(others)} {'they are alike' if alike else 'no difference could be shown'}"
    return told


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
    mine, base = words.settings(one)
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
