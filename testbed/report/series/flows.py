"""What each end of a connection did over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from testbed.report.series.rows import BETWEEN, SECOND, Integers, by_end, columns, numbers, seconds, unit_of, unwrapped
from testbed.report.series.series import Floats, Series

if TYPE_CHECKING:
    import polars as pl

BINS: Final = 200
LEAST_BIN: Final = 0.01
"""s"""

UNLIMITED: Final = 1 << 40
"""A ssthresh from here on has not been set yet."""

SEGMENT: Final = ("t", "host", "connection", "direction", "flags", "seq", "ack", "length")

End = tuple[str, str]
"""A connection and a host."""


def flow_series(run: Path, width: float | None = None) -> dict[str, dict[str, Series]]:
    """The series of each end that sent data, by "connection · host" and name: `cwnd`, `ssthresh`, `rtt` (smoothed),
    `rto`, `rtt_sample`, `in_flight`, `goodput` (what the peer's application read, over bins of `width` s).

    A kind of rows that was not recorded has no series. `in_flight` is what was sent and not yet acknowledged, of every
    segment, in sequence space; where segments were not recorded, the sender's own estimate when its window changed.
    Where no end of a connection sent data, all its ends are here.
    """
    ends: dict[End, dict[str, Series]] = {}
    windows = columns(run, "cwnd", ["t", "host", "connection", *_WINDOWS, "in_flight", "cause"])
    segments = columns(run, "segment", SEGMENT)
    _add_windows(ends, windows)
    _add_segments(ends, segments)
    _add_goodput(ends, columns(run, "app", ["t", "host", "connection", "event", "length"]), width)
    talked = _talked(segments, windows) | {end for end, found in ends.items() if "goodput" in found}
    talking = {connection for connection, _ in talked}
    return {
        f"{connection}{BETWEEN}{host}": {name: found[name] for name in _ORDER if name in found}
        for (connection, host), found in sorted(ends.items(), key=lambda end: _first(end[1]))
        if (connection, host) in talked or (found and connection not in talking)
    }


def _talked(segments: pl.DataFrame | None, windows: pl.DataFrame | None) -> set[End]:
    """The ends that sent data; where segments were not recorded, those whose window changed after it was opened."""
    if segments is not None:
        found = segments.filter((segments["direction"] == "sent") & (segments["length"] > 0))
    elif windows is not None:
        found = windows.filter(windows["cause"] != "connection established")
    else:
        return set()
    return {(connection, host) for connection, host in found.select("connection", "host").unique().iter_rows()}


def bin_width(duration: float) -> float:
    """A round width (s) for about `BINS` bins: 1, 2 or 5 times a power of ten."""
    least = max(duration / BINS, LEAST_BIN) * (1 - 1e-9)
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(round(step * power, 12) for step in (1, 2, 5, 10) if step * power >= least))


def _first(found: dict[str, Series]) -> float:
    return min((float(series.t[0]) for series in found.values() if len(series)), default=np.inf)


# -- cwnd rows -------------------------------------------------------------------------------------------------


def _unset(values: Floats) -> Floats:
    return np.where(values >= UNLIMITED, np.nan, values)


def _measured(values: Floats) -> Floats:
    return np.where(values > 0, values / SECOND, np.nan)


_WINDOWS: Final[dict[str, tuple[str, str, Callable[[Floats], Floats]]]] = {
    "cwnd": ("cwnd", "cwnd", lambda values: values),
    "ssthresh": ("ssthresh", "ssthresh", _unset),
    "srtt": ("rtt", "smoothed RTT", _measured),
    "rto": ("rto", "RTO", _measured),
}
"""The column, the series' name and label, and what makes its values."""

_ORDER: Final = ("cwnd", "ssthresh", "rtt", "rto", "rtt_sample", "in_flight", "goodput")


def _add_windows(ends: dict[End, dict[str, Series]], rows: pl.DataFrame | None) -> None:
    for end, part in by_end(rows).items() if rows is not None else ():
        t, causes, found = seconds(part), part["cause"].to_list(), ends.setdefault(end, {})
        for column, (name, label, values) in _WINDOWS.items():
            y = values(part[column].to_numpy().astype(np.float64))
            found[name] = Series(name, label, unit_of("cwnd", column), t, y, step=True, notes=causes)
        y = part["in_flight"].to_numpy().astype(np.float64)
        found["in_flight"] = Series("in_flight", "in flight", unit_of("cwnd", "in_flight"), t, y, step=True)


# -- segment rows ----------------------------------------------------------------------------------------------


class _Halves:
    """What one end sent, and what it was told: how far each segment that holds something went, in sequence space."""

    __slots__ = ("acked", "acked_at", "ends", "sent_at")

    def __init__(self, part: pl.DataFrame) -> None:
        """`part` has columns of `_counted`."""
        sent, content, acks = (part[name].to_numpy() for name in ("sent", "content", "acks"))
        t, left = numbers(part, "t"), numbers(part, "seq")
        base = int(left[sent][0]) if sent.any() else 0
        holds, told = sent & (content > 0), ~sent & acks
        self.sent_at: Integers = t[holds]
        self.ends: Integers = unwrapped(left[holds], base) + content[holds]
        self.acked_at: Integers = t[told]
        self.acked: Integers = _highest(unwrapped(numbers(part, "ack")[told], base))
        """The highest number so far."""


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that were sent or received and are no RST, with what they hold of sequence space."""
    import polars as pl

    flags, direction = pl.col("flags").str, pl.col("direction")
    content = pl.col("length") + flags.contains("SYN").cast(pl.Int64) + flags.contains("FIN").cast(pl.Int64)
    kept = rows.filter((direction != "dropped") & ~flags.contains("RST"))
    return kept.select(
        "t", "host", "connection", "seq", "ack", sent=direction == "sent", content=content, acks=flags.contains("ACK")
    )


def _highest(numbers: Integers) -> Integers:
    return np.maximum.accumulate(numbers) if len(numbers) else numbers


def _add_segments(ends: dict[End, dict[str, Series]], rows: pl.DataFrame | None) -> None:
    if rows is None:
        return
    for end, part in by_end(_counted(rows)).items():
        halves = _Halves(part)
        if not len(halves.ends):
            continue
        found = ends.setdefault(end, {})
        found["in_flight"] = _in_flight(halves)
        sample = _rtt_samples(halves)
        if len(sample):
            found["rtt_sample"] = sample


def _in_flight(halves: _Halves) -> Series:
    """What was sent and not yet acknowledged, after each instant at which that changed."""
    times = np.concatenate([halves.sent_at, halves.acked_at])
    order = np.argsort(times, kind="stable")
    high = _highest(np.concatenate([halves.ends, np.zeros_like(halves.acked)])[order])
    low = _highest(np.concatenate([np.zeros_like(halves.ends), halves.acked])[order])
    t, flight = times[order], np.maximum(high - low, 0)
    last = np.append(t[1:] != t[:-1], True)  # of one instant, what remains
    t, flight = t[last], flight[last]
    changed = np.append(True, flight[1:] != flight[:-1])
    unit = unit_of("cwnd", "in_flight")
    return Series("in_flight", "in flight", unit, t[changed] / SECOND, flight[changed] * 1.0, step=True)


def _rtt_samples(halves: _Halves) -> Series:
    """From a segment to what first acknowledged it, once for each acknowledgement that went further; never of what was
    sent twice (Karn).
    """
    high = _highest(halves.ends)
    fresh = np.append(True, high[1:] > high[:-1])  # the first sending of something
    edges = high[fresh]
    again = np.unique(np.searchsorted(edges, halves.ends[~fresh]))
    further = np.diff(halves.acked, prepend=0) > 0
    which = np.searchsorted(edges, halves.acked[further], "right") - 1
    good = (np.diff(which, prepend=-1) > 0) & ~np.isin(which, again)
    at = halves.acked_at[further][good]
    sample = (at - halves.sent_at[fresh][which[good]]) / SECOND
    return Series("rtt_sample", "RTT samples", unit_of("cwnd", "srtt"), at / SECOND, sample, step=False)


# -- app rows --------------------------------------------------------------------------------------------------


def _add_goodput(ends: dict[End, dict[str, Series]], rows: pl.DataFrame | None, width: float | None) -> None:
    """What was read at one end is the goodput of the other."""
    if rows is None:
        return
    hosts = _hosts([*ends, *by_end(rows)])
    reads = rows.filter((rows["event"] == "read") & (rows["length"] > 0))
    width = width or bin_width(float(reads["t"].max() or 0) / SECOND)  # type: ignore[arg-type]
    for (connection, reader), part in by_end(reads).items():
        writer = next((host for host in hosts[connection] if host != reader), reader)
        series = _goodput(seconds(part), part["length"].to_numpy(), width)
        ends.setdefault((connection, writer), {})["goodput"] = series


def _hosts(ends: list[End]) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for connection, host in ends:
        hosts.setdefault(connection, []).append(host)
    return hosts


def _goodput(t: Floats, lengths: Integers, width: float) -> Series:
    """The rate in each bin, from the first that has any to the last; where this one ends, it stands once more."""
    first, last = np.floor(t[0] / width), np.floor(t[-1] / width)
    bins = np.floor(t / width).astype(np.int64) - int(first)
    rate = np.bincount(bins, weights=lengths) * 8 / width
    edges = (first + np.arange(int(last - first) + 2)) * width
    return Series("goodput", "goodput", "bit/s", edges, np.append(rate, rate[-1]), step=True)
