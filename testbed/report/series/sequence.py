"""A connection's time-sequence graph, in the manner of tcptrace: what one end sent, and what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from testbed.errors import ConfigError
from testbed.report.connection.choice import choose
from testbed.report.series.rows import BETWEEN, Integers, beside, columns, numbers, seconds, unwrapped
from testbed.report.series.series import Floats

if TYPE_CHECKING:
    import polars as pl

COLUMNS: Final = (
    "t", "host", "connection", "direction", "flags", "seq", "ack", "length", "window", "reason", "sack", "window_scale"
)  # fmt: skip


class Sent:
    """Segments with a length in sequence space, in order of sending. Sequence numbers count from the SYN, in bytes."""

    __slots__ = ("again", "left", "reason", "right", "t")

    def __init__(self, t: Floats, left: Integers, right: Integers, reason: list[str]) -> None:
        self.t = t
        self.left = left
        self.right = right
        self.reason = reason
        """Why each was sent, or, of those that were lost, why."""
        high = np.maximum.accumulate(right) if len(right) else right
        self.again: npt.NDArray[np.bool_] = np.append(False, right[1:] <= high[:-1])[: len(right)]
        """Whether all of it had been sent before."""

    def __len__(self) -> int:
        return len(self.t)


class SequenceGraph:
    """One end's sending, and what its peer said of it. All times in s, all numbers in bytes counted from the SYN."""

    __slots__ = ("acks", "connection", "host", "lost", "sacks", "sent", "windows")

    def __init__(
        self, connection: str, host: str, *,
        sent: Sent, lost: Sent, acks: tuple[Floats, Integers], sacks: tuple[Floats, Integers, Integers],
        windows: tuple[Floats, Integers],
    ) -> None:  # fmt: skip
        self.connection = connection
        self.host = host
        """Who sent."""
        self.sent = sent
        self.lost = lost
        """Of `sent`, those that never arrived; `t` is when they were dropped."""
        self.acks = acks
        """When an acknowledgement came, and its number."""
        self.sacks = sacks
        """When a SACK block came, its left edge and its right."""
        self.windows = windows
        """When an acknowledgement came, and up to where its window allowed to send."""


def sequence_graph(run: Path, connection: str | None = None) -> SequenceGraph:
    """The graph of `connection`: "a" (of the end that sent more) or "a · left1". None: of the first there is.

    Raises ConfigError for a connection that is not there, and where segments were not recorded.
    """
    wanted, _, host = (connection or "").partition(BETWEEN)
    label = choose(run, wanted or None)
    rows = columns(run, "segment", COLUMNS, connection=label)
    assert rows is not None  # `choose` has read them
    host = host or _talker(rows)
    sent = rows.filter((rows["host"] == host) & (rows["direction"] == "sent"))
    if not sent.height:
        raise ConfigError.of(f"{host!r} sent nothing on {label!r}", file=str(run), suggestion=_ends(rows))
    base = int(sent["seq"][0])
    dropped = rows.filter((rows["host"] == host) & (rows["direction"] == "dropped"))
    came = rows.filter((rows["host"] == host) & (rows["direction"] == "received") & rows["flags"].str.contains("ACK"))
    acks = unwrapped(numbers(came, "ack"), base)
    return SequenceGraph(
        label, host,
        sent=_sent(sent, base),
        lost=_sent(dropped, base),
        acks=(seconds(came), acks),
        sacks=_sacks(came, acks),
        windows=(seconds(came), acks + _windows(rows, came)),
    )  # fmt: skip


def _talker(rows: pl.DataFrame) -> str:
    """The host that sent the most bytes; of equals, that which began."""
    sent = rows.filter(rows["direction"] == "sent").select("host", "length")
    totals = sent.group_by("host", maintain_order=True).sum()
    return str(totals.sort("length", descending=True, maintain_order=True)["host"][0])


def _ends(rows: pl.DataFrame) -> str:
    hosts = rows.filter(rows["direction"] == "sent")["host"].unique(maintain_order=True).to_list()
    return f"those who did: {', '.join(hosts)}"


def _sent(part: pl.DataFrame, base: int) -> Sent:
    flags = part["flags"].str
    left = unwrapped(numbers(part, "seq"), base)
    signs = flags.contains("SYN").to_numpy().astype(np.int64) + flags.contains("FIN").to_numpy()
    right = left + numbers(part, "length") + signs
    full = right > left
    reason = [why for why, keep in zip(part["reason"].to_list(), full, strict=True) if keep]
    return Sent(seconds(part)[full], left[full], right[full], reason)


def _sacks(came: pl.DataFrame, acks: Integers) -> tuple[Floats, Integers, Integers]:
    """Every block of every acknowledgement."""
    import polars as pl

    blocks = (
        came.select("t", "ack", "sack", pl.Series("true", acks))
        .drop_nulls("sack")
        .with_columns(pl.col("sack").str.split(" "))
        .explode("sack")
        .filter(pl.col("sack") != "")
        .with_columns(pl.col("sack").str.split_exact("-", 1).struct.rename_fields(["left", "right"]).alias("edges"))
        .unnest("edges")
        .with_columns(pl.col("left").cast(pl.Int64), pl.col("right").cast(pl.Int64))
    )
    known, true = numbers(blocks, "ack"), numbers(blocks, "true")
    left, right = (beside(numbers(blocks, edge), known, true) for edge in ("left", "right"))
    return seconds(blocks), left, right


def _windows(rows: pl.DataFrame, came: pl.DataFrame) -> Integers:
    """The windows offered, scaled as both SYNs agreed on (RFC 7323 section 2.2: both must offer; a SYN's is never)."""
    syns = rows.filter(rows["flags"].str.contains("SYN") & (rows["direction"] != "dropped"))
    offers = dict(zip(syns["host"].to_list(), syns["window_scale"].to_list(), strict=True))
    told = came.filter(came["flags"].str.contains("SYN"))["window_scale"].to_list()
    agreed = bool(told) and told[0] is not None and None not in offers.values()
    scale = np.where(came["flags"].str.contains("SYN").to_numpy(), 0, told[0] if agreed else 0)
    return numbers(came, "window") << scale
