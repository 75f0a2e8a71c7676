"""A run's numbers without its beginning, reckoned from its rows: from `start` (ns) on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.comparison.measure import Measure, Run
from testbed.errors import ConfigError
from testbed.metrics.summary import per_second, ratio
from testbed.metrics.table import FLOW, LINK
from testbed.trace import store

if TYPE_CHECKING:
    import polars as pl

KINDS: Final = {
    (FLOW, "goodput"): "app",
    (FLOW, "bytes_delivered"): "app",
    (FLOW, "segments_sent"): "segment",
    (FLOW, "data_segments_sent"): "segment",
    (FLOW, "bytes_sent"): "segment",
    (FLOW, "retransmitted_segments"): "segment",
    (FLOW, "retransmission_share"): "segment",
    (LINK, "drops"): "drop",
    (LINK, "queue_delay_max"): "queue",
    (LINK, "queue_max"): "queue",
}
"""What can be reckoned, and from which rows. Packets that do not wait leave no row, so there is no mean delay."""


def without_warm_up(measure: Measure, start: int) -> Callable[[Run], float | None]:
    """The measure's value from `start` on. Raises ConfigError for one that no rows tell of."""
    if measure.end or (measure.scope, measure.name) not in KINDS:
        known = ", ".join(name for scope, name in KINDS if scope == measure.scope) or "none of this scope"
        problem = f"{measure.title} cannot be reckoned without the beginning: no rows tell of it"
        raise ConfigError.of(problem, file="--warm-up", suggestion=f"these can: {known}")
    kind = KINDS[measure.scope, measure.name]

    def value(run: Run) -> float | None:
        rows = _rows(run, kind, start)
        if measure.scope == LINK:
            return _of_link(measure, rows)
        return measure.together([_of_flow(measure.name, run, flow, rows, start) for flow in measure.flows])

    return value


def _rows(run: Run, kind: str, start: int) -> pl.DataFrame:
    import polars as pl

    folder = Path(run["folder"])
    if kind not in store.kinds(folder):
        remedy = f"run again with `--set trace.{kind}=true`"
        raise ConfigError.of(f"--warm-up needs the {kind!r} rows", file=str(folder), suggestion=remedy)
    # all rows: what is sent again was sent before
    frame = store.load(folder, kind)
    return (frame if kind == "segment" else frame.filter(pl.col("t") >= start)).collect()


def _of_link(measure: Measure, rows: pl.DataFrame) -> float | None:
    import polars as pl

    name = f"{measure.link}.reverse" if measure.reverse else measure.link
    mine = rows.filter(pl.col("where" if measure.name == "drops" else "link") == name)
    if measure.name == "drops":
        return float((mine.filter(pl.col("reason") == measure.reason) if measure.reason else mine).height)
    most: Any = mine["waited" if measure.name == "queue_delay_max" else "packets"].max() or 0
    return most / 1e9 if measure.name == "queue_delay_max" else float(most)


def _of_flow(name: str, run: Run, flow: str, rows: pl.DataFrame, start: int) -> float | None:
    import polars as pl

    about: Mapping[str, Any] | None = run["flows"].get(flow)
    if about is None:
        return None
    mine = rows.filter((pl.col("connection") == flow) | pl.col("connection").str.starts_with(f"{flow}/"))
    if name in ("goodput", "bytes_delivered"):
        read = int(mine.filter(pl.col("event") == "read")["length"].sum())
        if name == "bytes_delivered":
            return float(read)
        began = about["start_time"]
        end = began + about["completion_time"] if about["completion_time"] is not None else run["end_time"]
        return per_second(8 * read, round(end * 1e9) - max(start, round(began * 1e9)))
    return _segments(name, mine, start)


def _segments(name: str, rows: pl.DataFrame, start: int) -> float | None:
    import polars as pl

    sent = rows.filter(pl.col("direction") == "sent")
    counted = sent.filter(pl.col("t") >= start)
    data = counted.filter(pl.col("length") > 0)
    if name == "segments_sent":
        return float(counted.height)
    if name == "data_segments_sent":
        return float(data.height)
    if name == "bytes_sent":
        return float(data["length"].sum())
    again = float(_sent_again(sent, start))
    return again if name == "retransmitted_segments" else ratio(again, data.height)


def _sent_again(sent: pl.DataFrame, start: int) -> int:
    """Segments from `start` on that hold nothing above the highest that this end of this connection has sent."""
    highest: dict[tuple[str, str], int] = {}
    count = 0
    columns = ("t", "host", "connection", "flags", "seq", "length", "reason")
    for t, host, connection, flags, seq, length, reason in sent.select(columns).iter_rows():
        content = length + ("SYN" in flags) + ("FIN" in flags)
        if not content:
            continue
        end = (seq + content) & 0xFFFFFFFF
        before = highest.setdefault((host, connection), seq)
        if 0 < (end - before) & 0xFFFFFFFF < 2**31:  # in the arithmetic of RFC 9293 section 3.4
            highest[host, connection] = end
        elif t >= start and ("probe" not in reason or reason == "tail loss probe"):
            count += 1
    return count
