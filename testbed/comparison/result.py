"""What comes of a comparison, for tables, pages, programs and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from testbed.comparison.measure import Measure
from testbed.statistics.difference import Estimate

if TYPE_CHECKING:
    import polars as pl

SCHEMA: Final = 1
"""Version of the JSON documents."""

# -- what a verdict can be -------------------------------------------------------------------------------------------

SHOWN: Final = "shown"
"""There is a difference; chance would make one as large less often than allowed."""
CERTAIN: Final = "certain"
"""There is one, and chance plays no part: every repetition came out the same."""
IDENTICAL: Final = "identical"
"""Every pair gave the same value."""
SAME: Final = "same"
"""None was shown, and if there is one it is below 1 %."""
ALONE = "alone"
"""It would be, if it were the only comparison; among as many as there are, chance may have made it."""
UNCLEAR: Final = "unclear"
"""None was shown; there may be one."""
TOO_FEW: Final = "too few"
"""So few runs cannot show anything."""

JUDGED: Final = frozenset({SHOWN, CERTAIN})
"""There is a difference."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What was measured with one setting. `low` and `high` bound the mean, where they were asked for."""

    label: str
    n: int
    median: float
    mean: float
    low: float | None
    high: float | None
    values: tuple[float, ...]
    by_circumstances: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting beside the baseline: overall, or under the same circumstances (`parts`).

    `relative` is the ratio of the two less one, 0.18 for 18 % more: of geometric means, where all values are positive;
    of means otherwise, and None where the baseline's is 0. `absolute` is the difference of means, in the metric's unit.
    Intervals and p are None where there were too few runs.
    """

    label: str
    baseline: str
    kind: str
    n: int
    paired: bool
    mean: float
    baseline_mean: float
    """Of the runs compared."""
    relative: float | None
    low: float | None
    high: float | None
    absolute: float
    absolute_low: float | None
    absolute_high: float | None
    effect: float
    effect_word: str
    p: float | None
    p_corrected: float | None
    runs_needed: int | None
    """Runs of each setting, in all, that would show it if it is as large as it looks."""
    where: str = ""
    """The circumstances, of a part."""
    parts: tuple[Difference, ...] = ()
    estimate: Estimate
    """On the scale of the test: of logarithms, where `logarithmic`."""
    logarithmic: bool

    @property
    def shown(self) -> bool:
        """Whether there is a difference."""
        return self.kind in JUDGED

    @property
    def sign(self) -> int:
        """1: more than the baseline, -1: less, 0: as much."""
        return (self.estimate.difference > 0) - (self.estimate.difference < 0)


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison:
    """Settings compared by one metric. `verdicts` says in words what `differences` has in numbers."""

    by: tuple[str, ...]
    others: tuple[str, ...]
    """The axes that make up the circumstances."""
    circumstances: int
    measure: Measure
    baseline: str
    confidence: float
    settings: tuple[Setting, ...]
    differences: tuple[Difference, ...]
    verdicts: tuple[str, ...]
    notes: tuple[str, ...]
    """What was left out, and what is to be kept in mind."""
    warm_up: int | None = None
    along: tuple[str, ...] = ()
    """Axes that advance together with the setting."""
    names: tuple[str, ...] = ()
    """The experiments'."""

    def __str__(self) -> str:
        return "\n".join(self.verdicts)

    def __repr__(self) -> str:
        labels = ", ".join(setting.label for setting in self.settings)
        return f"<Comparison of {self.measure.title} by {', '.join(self.by)}: {labels}>"

    def as_dict(self) -> dict[str, Any]:
        """As `testbed compare --json` prints it."""
        return {
            "schema": SCHEMA,
            "experiments": list(self.names),
            "by": list(self.by),
            "along": list(self.along),
            "others": list(self.others),
            "metric": self.measure.title,
            "unit": self.measure.unit,
            "better": {1: "higher", -1: "lower"}.get(self.measure.better),
            "baseline": self.baseline,
            "confidence": self.confidence,
            "warm_up": None if self.warm_up is None else self.warm_up / 1e9,
            "settings": [setting_dict(setting) for setting in self.settings],
            "differences": [difference_dict(difference) for difference in self.differences],
            "verdicts": list(self.verdicts),
            "notes": list(self.notes),
        }

    def rows(self) -> list[dict[str, Any]]:
        """A row for each setting, with its difference from the baseline."""
        by_label = {difference.label: difference for difference in self.differences}
        nothing = dict.fromkeys(_row(self.differences[0])) if self.differences else {}
        rows = []
        for setting in self.settings:
            told = _row(by_label[setting.label]) if setting.label in by_label else nothing
            plain = ("n", "median", "mean", "low", "high")
            rows.append({"setting": setting.label} | {key: getattr(setting, key) for key in plain} | told)
        return rows

    def frame(self) -> pl.DataFrame:
        """The same as a polars table."""
        import polars as pl

        return pl.DataFrame(self.rows(), infer_schema_length=None)


def _row(difference: Difference) -> dict[str, Any]:
    return {
        "n_compared": difference.n,
        "paired": difference.paired,
        "relative": difference.relative,
        "relative_low": difference.low,
        "relative_high": difference.high,
        "effect": difference.effect,
        "p": difference.p,
        "p_corrected": difference.p_corrected,
        "verdict": difference.kind,
    }


def setting_dict(setting: Setting) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "setting": setting.label,
        "n": setting.n,
        "median": setting.median,
        "mean": setting.mean,
        "low": setting.low,
        "high": setting.high,
        "values": list(setting.values),
    }


def difference_dict(difference: Difference) -> dict[str, Any]:
    """As JSON has it."""
    told = {
        "setting": difference.label,
        "baseline": difference.baseline,
        "verdict": difference.kind,
        "n": difference.n,
        "paired": difference.paired,
        "mean": difference.mean,
        "baseline_mean": difference.baseline_mean,
        "relative": difference.relative,
        "low": difference.low,
        "high": difference.high,
        "absolute": difference.absolute,
        "absolute_low": difference.absolute_low,
        "absolute_high": difference.absolute_high,
        "effect": difference.effect,
        "effect_word": difference.effect_word,
        "p": difference.p,
        "p_corrected": difference.p_corrected,
        "runs_needed": difference.runs_needed,
    }
    if difference.where:
        told["where"] = difference.where
    if difference.parts:
        told["parts"] = [difference_dict(part) for part in difference.parts]
    return told


def finite(bounds: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """An interval that says something; (None, None) for one that holds all numbers."""
    low, high = bounds
    return (low, high) if isfinite(low) and isfinite(high) else (None, None)
