"""Two settings: how far they lie apart, how sure that is, and what kind of verdict it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, inf, isfinite, log
from statistics import fmean
from typing import Final, NamedTuple

from testbed.comparison.result import ALONE, CERTAIN, IDENTICAL, SAME, SHOWN, TOO_FEW, UNCLEAR, Difference, finite
from testbed.statistics.difference import FEWEST, Estimate, of_groups, of_pairs
from testbed.statistics.effect import cliffs_delta, in_a_word
from testbed.statistics.holm import holm
from testbed.statistics.power import runs_needed

ALIKE: Final = 0.01
"""A relative difference below which two settings are as good as the same."""


class Sample(NamedTuple):
    """The values of a setting and of the baseline under the same circumstances; pair by pair where `paired`."""

    where: str
    mine: Sequence[float]
    baseline: Sequence[float]
    settled: bool = False
    """Every repetition came out alike, in every number: there is no chance in it."""


def judge(label: str, baseline: str, samples: Sequence[Sample], *, paired: bool, confidence: float) -> Difference:
    """The difference of a setting from the baseline, before it is corrected for there being others."""
    whole = _judged(label, baseline, samples, paired=paired, confidence=confidence)
    if len(samples) == 1:
        return whole
    parts = [_judged(label, baseline, [one], paired=paired, confidence=confidence) for one in samples]
    return replace(whole, parts=tuple(replace(part, where=one.where) for part, one in zip(parts, samples, strict=True)))


def corrected(differences: Sequence[Difference], confidence: float) -> list[Difference]:
    """All of one family: their p-values corrected for their number, and the verdicts by these. So for each one's parts,
    which are a family of their own.
    """
    alpha = 1 - confidence
    return [replace(one, parts=tuple(_corrected(one.parts, alpha))) for one in _corrected(differences, alpha)]


def _corrected(differences: Sequence[Difference], alpha: float) -> list[Difference]:
    tested = [one for one in differences if one.p is not None]
    values = iter(holm([one.p for one in tested if one.p is not None]))
    found = []
    for one in differences:
        if one.p is None:
            found.append(one)
            continue
        p = next(values)
        kind = _kind(one, p, alpha)
        needed = runs_needed(one.estimate, alpha / len(tested)) if kind in (UNCLEAR, ALONE) else None
        found.append(replace(one, p_corrected=p, kind=kind, runs_needed=needed))
    return found


def _kind(one: Difference, p: float, alpha: float) -> str:
    if one.kind in (IDENTICAL, CERTAIN):
        return one.kind
    if p < alpha:
        return SHOWN
    narrow = one.low is not None and one.high is not None and one.low > -ALIKE and one.high < ALIKE
    if narrow:
        return SAME
    return ALONE if one.p is not None and one.p < alpha else UNCLEAR


def _judged(label: str, baseline: str, samples: Sequence[Sample], *, paired: bool, confidence: float) -> Difference:
    values = [value for one in samples for part in (one.mine, one.baseline) for value in part]
    logarithmic = min(values) > 0
    estimate = _estimate(samples, logarithmic, paired, confidence)
    settled = all(one.settled for one in samples)
    if all(list(one.mine) == list(one.baseline) for one in samples) and (paired or settled):
        kind, estimate = IDENTICAL, estimate._replace(p=1.0 if estimate.n >= FEWEST else None)
    elif settled:
        kind, estimate = CERTAIN, estimate._replace(p=None, low=-inf, high=inf)
    else:
        kind = TOO_FEW if estimate.p is None else UNCLEAR
    absolute, relative = _sizes(samples, estimate, logarithmic)
    mean, base = (fmean(fmean(part) for part in parts) for parts in zip(*(one[1:3] for one in samples), strict=True))
    effect = fmean(cliffs_delta(one.mine, one.baseline) for one in samples)
    return Difference(
        label=label, baseline=baseline, kind=kind, n=estimate.n, paired=paired,
        mean=mean, baseline_mean=base,
        relative=relative["seen"], low=relative["low"], high=relative["high"],
        absolute=absolute["seen"] or 0.0, absolute_low=absolute["low"], absolute_high=absolute["high"],
        effect=effect, effect_word=in_a_word(effect), p=estimate.p, p_corrected=None, runs_needed=None,
        estimate=estimate, logarithmic=logarithmic,
    )  # fmt: skip


def _estimate(samples: Sequence[Sample], logarithmic: bool, paired: bool, confidence: float) -> Estimate:
    def scaled(values: Sequence[float]) -> list[float]:
        return [log(value) for value in values] if logarithmic else list(values)

    told = [(scaled(one.mine), scaled(one.baseline)) for one in samples]
    if paired:
        return of_pairs([[a - b for a, b in zip(mine, base, strict=True)] for mine, base in told], confidence)
    return of_groups(told, confidence)


_Sizes = Mapping[str, float | None]


def _sizes(samples: Sequence[Sample], estimate: Estimate, logarithmic: bool) -> tuple[_Sizes, _Sizes]:
    """The difference in the metric's unit and beside the baseline, with bounds."""
    base = fmean(fmean(one.baseline) for one in samples)
    seen = fmean(fmean(one.mine) - fmean(one.baseline) for one in samples)
    low, high = finite((estimate.low, estimate.high))
    if logarithmic:
        relative = {key: _grown(value) for key, value in (("seen", estimate.difference), ("low", low), ("high", high))}
        return {"seen": seen, "low": None, "high": None}, relative
    absolute = {"seen": seen, "low": low, "high": high}
    beside = {key: None if value is None or not base else value / abs(base) for key, value in absolute.items()}
    return absolute, beside


def _grown(logarithm: float | None) -> float | None:
    """What a difference of logarithms makes of 1, less that: 0.18 for 18 % more."""
    if logarithm is None or not isfinite(logarithm):
        return None
    return exp(min(logarithm, 700)) - 1
