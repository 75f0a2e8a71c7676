"""A comparison as tables that fit the terminal: verdicts first, then the numbers, side by side where there is room."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from testbed.comparison.measure import Measure, two_digits
from testbed.comparison.result import ALONE, CERTAIN, IDENTICAL, TOO_FEW, Comparison, Difference, Setting
from testbed.comparison.versions import Change, Versions
from testbed.report.tables import NOTHING, table_of

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

WIDE: Final = 118
"""Columns of a terminal from which on everything stands in one table."""

PARTS: Final = 30
"""Rows of circumstances that are shown; the JSON document has all."""


class ComparisonTable:
    """What `testbed compare` prints."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._by_label = {one.label: one for one in comparison.differences}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        comparison = self._comparison
        title = Text.assemble((", ".join(comparison.names), "bold"), f" · {comparison.measure.title}")
        title.append(f" by {', '.join(comparison.by)}")
        if comparison.warm_up:
            title.append(f", from {comparison.warm_up / 1e9:g}s on")
        yield from (Text(""), title, Text(""))
        yield from (self._verdicts(), Text(""))
        if options.max_width >= WIDE:
            yield self._numbers(both=True)
        else:
            yield from (self._numbers(both=False), Text(""), self._differences())
        yield from self._parts()
        yield Text("")
        for note in comparison.notes:
            yield Text(f"· {note}", "dim")
        if comparison.notes:
            yield Text("")

    def _verdicts(self) -> Table:
        """A sentence under the other, those that are too long folded with a margin."""
        table = Table.grid(padding=(0, 1, 0, 0))
        for verdict in self._comparison.verdicts:
            table.add_row("→", Text(verdict, "bold"))
        return table

    def _axis(self) -> str:
        return ", ".join(axis.split(".")[-1] for axis in self._comparison.by)

    def _share(self) -> str:
        return f"{two_digits(self._comparison.confidence * 100)} % interval"

    def _numbers(self, *, both: bool) -> Table:
        """What was measured; with the differences beside it if `both`."""
        axis, *numbers = self.head()
        table = table_of(axis, numbers=tuple(numbers if both else numbers[:4]))
        for row in self.cells():
            table.add_row(*(row if both else row[:5]))
        return table

    def head(self) -> list[str]:
        """What stands above `cells`."""
        measured = ["n", "median", "mean", f"{self._share()} of mean"]
        return [self._axis(), *measured, "difference", "interval", "effect", "p"]

    def cells(self) -> list[list[str]]:
        """A row for each setting: its name, what was measured, the difference from the baseline."""
        return [
            [one.label, *self._setting(one), *self._difference(self._by_label.get(one.label))]
            for one in self._comparison.settings
        ]

    def _differences(self) -> Table:
        table = table_of(self._axis(), numbers=(f"beside {self._comparison.baseline}", self._share(), "effect", "p"))
        for one in self._comparison.differences:
            table.add_row(one.label, *self._difference(one))
        return table

    def _parts(self) -> Iterator[RenderableType]:
        """The same under the same circumstances."""
        rows = [(one, part) for one in self._comparison.differences for part in one.parts]
        if not rows:
            return
        table = table_of("at", self._axis(), numbers=("difference", "interval", "effect", "p"))
        table.columns[1].no_wrap = True
        for one, part in rows[:PARTS]:
            amount, bounds, effect, p = self._difference(part)
            table.add_row(part.where, one.label, amount, bounds, effect.split()[0], p)  # no room for its word
        yield from (Text(""), table)
        if len(rows) > PARTS:
            yield Text(f"… {len(rows) - PARTS} more; --json has them all", "dim")

    def _setting(self, setting: Setting) -> Iterator[str]:
        show = self._comparison.measure.show
        yield str(setting.n)
        yield show(setting.median)
        yield show(setting.mean)
        yield NOTHING if setting.low is None else f"{show(setting.low)} to {show(setting.high)}"

    def _difference(self, one: Difference | None) -> Iterator[str]:
        if one is None:
            yield from ("(baseline)", "", "", "")
            return
        yield self._amount(one)
        yield self._bounds(one)
        yield NOTHING if one.kind == TOO_FEW else f"{one.effect:+.2f} {one.effect_word}"
        yield chance(one)

    def _amount(self, one: Difference) -> str:
        return _amount(one, self._comparison.measure)

    def _bounds(self, one: Difference) -> str:
        if one.low is not None and one.high is not None:
            return between(one.low, one.high)
        if one.absolute_low is not None and one.absolute_high is not None:
            show = self._comparison.measure.show_difference
            return f"{show(one.absolute_low)} to {show(one.absolute_high)}"
        return NOTHING


def _amount(one: Difference, measure: Measure) -> str:
    return signed(one.relative) if one.relative is not None else measure.show_difference(one.absolute)


def signed(share: float) -> str:
    """0.18 -> `+18 %`."""
    return f"{'+' if share > 0 else ''}{two_digits(share * 100)} %"


def between(low: float, high: float) -> str:
    """(-0.03, 0.05) -> `-3 to +5 %`."""
    if low == high:
        return "all alike"
    return f"{signed(low).removesuffix(' %')} to {signed(high)}"


def chance(one: Difference) -> str:
    """The p-value: `0.012`, `<0.001`; a word where there is none. Starred: only the correction makes it so large."""
    if one.kind in (CERTAIN, IDENTICAL):
        return "no chance" if one.kind == CERTAIN else "alike"
    p = one.p_corrected
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}{'*' if one.kind == ALONE else ''}"


# -- versions --------------------------------------------------------------------------------------------------------


def versions_table(versions: Versions) -> Group:
    """What `testbed compare --baseline` prints: what became worse first."""
    head = Text.assemble((versions.name, "bold"), f" · {versions.pairs} runs beside the baseline's, seed by seed")
    table = table_of("", "metric", numbers=("before", "now", "difference", "interval", "p"))
    for change in sorted(versions.changes, key=lambda change: change.ok):
        table.add_row(*_change(change))
    parts: list[RenderableType] = [Text(""), head, Text(""), table, Text("")]
    for change in versions.changes:
        if not change.ok:
            parts.append(Text(f"✗ {change.row()['text']}: {change.text}", "bold red"))
            parts += [Text(f"    {part.where}: {signed(part.relative or 0)}", "red") for part in _worse(change)]
    parts += [Text(f"✗ {line}", "bold red") for line in versions.broken]
    if versions.ok:
        parts.append(Text(f"✓ nothing became worse by more than {two_digits(versions.tolerance * 100)} %", "green"))
    parts += [Text(f"· {note}", "dim") for note in versions.notes]
    return Group(*parts, Text(""))


def _worse(change: Change) -> list[Difference]:
    return [part for part in change.difference.parts if part.where in change.where()][:PARTS]


def _change(change: Change) -> Iterator[Text | str]:
    one = change.difference
    yield Text("✓", "green") if change.ok else Text("✗", "bold red")
    yield change.measure.title
    yield change.measure.show(one.baseline_mean)
    yield change.measure.show(one.mean)
    yield _amount(one, change.measure)
    yield NOTHING if one.low is None or one.high is None else between(one.low, one.high)
    yield chance(one)


# -- for other programs ----------------------------------------------------------------------------------------------


def as_csv(comparisons: Sequence[Comparison]) -> str:
    """A row for each metric and setting, under a heading."""
    rows = [{"metric": one.measure.title, "unit": one.measure.unit} | row for one in comparisons for row in one.rows()]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(comparison: Comparison) -> str:
    """Verdicts as a list, then a table; for issues and pull requests."""
    table = ComparisonTable(comparison)
    head = table.head()
    lines = [f"### {comparison.measure.title} by {', '.join(comparison.by)}", ""]
    lines += [f"- {verdict}" for verdict in comparison.verdicts]
    lines += ["", _markdown_row(head), _markdown_row(["---", *["---:"] * (len(head) - 1)])]
    lines += [_markdown_row(row) for row in table.cells()]
    lines += ["", *(f"*{note}*  " for note in comparison.notes)] if comparison.notes else []
    return "\n".join(lines)


def _markdown_row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
