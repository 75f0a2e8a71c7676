"""A run while it goes on, as a terminal shows it: how far it is, every flow, every link direction with a queue.

Of a sweep whose runs are made side by side, it shows how many are done, and how far those are that are being made.

It takes what room there is: columns go by their importance where it is narrow, and rows where it is low, those first
that have the least to tell. Rows stay in the order of the file, so that the eye finds them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from testbed.cli.progress.pace import Pace
from testbed.clock import SECOND
from testbed.experiment.spec import ExperimentSpec, FlowSpec
from testbed.experiment.world.snapshot import DirectionView, EndView, Snapshot
from testbed.report import tables
from testbed.sweeps.standing import Progress, Standing

HEAD: Final = 3
"""Lines above the tables."""

GAP: Final = 2
"""Columns between two columns."""

WIDEST: Final = 100
"""More is not easier to read."""


TIMES: Final = 20
"""Columns that are left to how far a run of a sweep is."""


class Column(NamedTuple):
    """A column after that of the names: all its cells are about as wide, so that nothing jumps."""

    heading: str
    width: int
    importance: int
    """1 goes last."""
    number: bool = True


class Row(NamedTuple):
    """A line of a table."""

    cells: tuple[str, ...]
    """The name, then a cell a column."""
    rank: tuple[float, ...]
    """Least first: which rows stay when not all have room."""
    style: str = ""


FLOW: Final = (
    Column("state", 11, 2, number=False), Column("goodput", 11, 1), Column("cwnd", 9, 3), Column("srtt", 6, 4),
    Column("retransmitted", 13, 5),
)  # fmt: skip
LINK: Final = (
    Column("rate", 11, 4), Column("used", 5, 1), Column("queued", 6, 2), Column("dropped", 7, 3),
)  # fmt: skip


class LiveTable:
    """How one run stands, drawn anew for the terminal's size of the moment."""

    def __init__(self, title: Text, share: float | None, reached: str, flows: list[Row], links: list[Row]) -> None:
        self.title = title
        self.share = share
        """How much of all runs is done; None where nobody knows."""
        self.reached = reached
        self.flows = flows
        self.links = links

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDEST)
        yield from self._head(width)
        room = console.height - 1 - HEAD  # the last line is left to the cursor
        half = max(room // 2, room - _height(self.flows))
        yield from _section("flow", FLOW, self.flows, room - _taken(self.links, half), width)
        yield from _section("link", LINK, self.links, half, width)

    def _head(self, width: int) -> RenderResult:
        yield _line(self.title)
        yield ProgressBar(1.0 if self.share is not None else None, self.share or 0.0, width=width)
        yield Segment.line()
        yield _line(Text(self.reached))


class SweepView:
    """How a sweep stands, drawn anew for the terminal's size of the moment."""

    def __init__(self, standing: Standing, reached: str) -> None:
        self.standing = standing
        self.reached = reached

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        standing, width = self.standing, min(options.max_width, WIDEST)
        yield _line(Text(standing.name, "bold"))
        yield ProgressBar(standing.count, standing.done, width=width)
        yield Segment.line()
        yield _line(Text(self.reached))
        room = console.height - 1 - HEAD
        names = [_shortened(run.id, width - TIMES) for run, _ in standing.at_work[:room]]
        for name, (run, now) in zip(names, standing.at_work, strict=False):
            yield _line(Text(f"  {name:{max(map(len, names))}}  {_times(now, run.spec.duration)}", "dim"))


def _times(now: int, until: int | None) -> str:
    """`4.2s of 30s`."""
    return f"{now / SECOND:.1f}s" + (f" of {until / SECOND:g}s" if until else "")


def live_rows(progress: Progress, pace: Pace) -> tuple[list[Row], list[Row]]:
    """A row a flow, and a row a link direction that can have a queue."""
    spec, now = progress.run.spec, progress.now
    flows = [_flow(flow, pace, now) for flow in spec.flows.values()]
    links = [_link(name, rate, pace) for name, rate in _rates(spec, now).items() if rate is not None]
    return flows, links


# -- rows --------------------------------------------------------------------------------------------------------------


def _flow(flow: FlowSpec, pace: Pace, now: int) -> Row:
    ends = [end for role in flow.roles if (end := pace.latest.ends.get(f"{flow.name}.{role}")) is not None]
    done = all(end.done for end in ends)
    sender = _sender(pace.latest, flow)
    if sender is None or (not sender.state and not done):
        when = f"from {tables.seconds(flow.start / SECOND)}" if now < flow.start else ""
        return Row((flow.name, when, *[tables.NOTHING] * (len(FLOW) - 1)), (1,), "dim")
    cells = (
        flow.name,
        sender.state,
        tables.rate(pace.goodput(flow.name)),
        _kilobytes(sender.cwnd),
        tables.seconds(sender.srtt / SECOND or None),
        f"{sum(end.retransmitted_segments for end in ends):,}",
    )
    return Row(cells, (2,), "dim") if done else Row(cells, (0,))


def _sender(snapshot: Snapshot, flow: FlowSpec) -> EndView | None:
    """The end of `flow` that more comes from: its window is the one that matters. None: nothing is known of it."""
    client, server = (snapshot.ends.get(f"{flow.name}.{role}") for role in ("client", "server"))
    if client is None or server is None:
        return client or server
    return server if client.bytes_read > server.bytes_read else client


def _link(name: str, rate: int, pace: Pace) -> Row:
    seen = pace.latest.directions.get(name, DirectionView(0, 0, 0))
    used = min(1.0, pace.throughput(name) / rate)
    cells = (name, tables.rate(rate), f"{used:.0%}", f"{seen.queued:,}", f"{seen.drops:,}")
    return Row(cells, (seen.drops == 0, -seen.bytes_sent / rate), "" if seen.bytes_sent else "dim")


def _rates(spec: ExperimentSpec, now: int) -> dict[str, int | None]:
    """The rate of each link direction, as the timeline has left it."""
    rates = {name: one.rate for link in spec.topology.links.values() for name, _, _, one in link.directions}
    for change in spec.timeline:
        if change.at <= now:
            rates |= {name: one.rate for name, one in change.directions.items()}
    return rates


def _kilobytes(size: int) -> str:
    """Always in one unit, so that rows compare at a glance."""
    return f"{size / 1e3:,.1f} kB" if size else tables.NOTHING


# -- room --------------------------------------------------------------------------------------------------------------


def _height(rows: Sequence[Row]) -> int:
    """Lines that a whole section takes: a blank one, the heading, the rows."""
    return 2 + len(rows) if rows else 0


def _fitting_rows(rows: Sequence[Row], room: int) -> int:
    """How many rows have a place in `room` lines: where some have not, a line says so."""
    return len(rows) if _height(rows) <= room else max(0, room - 3)


def _taken(rows: Sequence[Row], room: int) -> int:
    """How much of `room` the section takes."""
    many = _fitting_rows(rows, room)
    return 0 if not many else _height(rows) if many == len(rows) else many + 3


def _section(heading: str, columns: Sequence[Column], rows: Sequence[Row], room: int, width: int) -> RenderResult:
    """A blank line and the table, in at most `room` lines; nothing where not a single row would fit."""
    many = _fitting_rows(rows, room)
    if not many:
        return
    yield Text("")
    yield _table(heading, columns, _foremost(rows, many), width)
    if many < len(rows):
        yield Text(f"… and {len(rows) - many} more", "dim")


def _foremost(rows: Sequence[Row], many: int) -> list[Row]:
    """The `many` that have the most to tell, in their own order."""
    chosen = sorted(range(len(rows)), key=lambda index: rows[index].rank)[:many]
    return [rows[index] for index in sorted(chosen)]


def _table(heading: str, columns: Sequence[Column], rows: Sequence[Row], width: int) -> Table:
    longest = max(len(heading), *(len(row.cells[0]) for row in rows))
    shown = _fitting_columns(columns, width - min(longest, width // 3))
    room = width - sum(columns[index].width + GAP for index in shown)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(heading, width=min(longest, room), no_wrap=True)
    for index in shown:
        column = columns[index]
        justify: JustifyMethod = "right" if column.number else "left"
        table.add_column(column.heading, width=column.width, no_wrap=True, overflow="ellipsis", justify=justify)
    for row in rows:
        table.add_row(_shortened(row.cells[0], room), *(row.cells[index + 1] for index in shown), style=row.style)
    return table


def _shortened(name: str, width: int) -> str:
    """Both its beginning and its end: `router2…reverse`."""
    if len(name) <= width:
        return name
    end = max(0, width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[len(name) - end :]}"


def _fitting_columns(columns: Sequence[Column], width: int) -> list[int]:
    """Which columns stand side by side in `width`: as many of the most important as do."""
    shown: list[int] = []
    for index in sorted(range(len(columns)), key=lambda index: columns[index].importance):
        width -= columns[index].width + GAP
        if width < 0:
            break
        shown.append(index)
    return sorted(shown)


def _line(text: Text) -> Text:
    """One line, whatever the width."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
