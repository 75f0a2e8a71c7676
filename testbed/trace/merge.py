"""The rows of several processes as one trace: in order of time, with every connection called by its label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from testbed.trace import pieces, store
from testbed.trace.tracer import FourTuple
from testbed.trace.vocabulary import KINDS, Kind

if TYPE_CHECKING:
    import polars as pl

LABEL: Final = "connection"

FRAME: Final = 1 << 14
"""Rows that become a frame together."""


class Merged(NamedTuple):
    """What came of it."""

    trace_sha256: str
    """As of one process: see `Recorder.close`."""
    counts: dict[str, int]
    """Rows, by kind."""


def merge(folder: Path, parts: Sequence[Path], *, kinds: Iterable[str], labels: Mapping[FourTuple, str]) -> Merged:
    """Make the files of `kinds` in `folder`, of the rows that `PieceRecorder`s have left in `parts`.

    `labels` are those of all connections' ends. Rows of one instant keep their order within a part, and that of the
    parts.
    """
    digests, counts = {}, {}
    for name in KINDS:
        if name in kinds:
            kind = KINDS[name]
            frame = _together(parts, kind, labels)
            digests[name] = _write(folder, kind, frame, parts)
            counts[name] = frame.height
    return Merged(store.hash_of(digests), counts)


def last_time(parts: Sequence[Path]) -> int:
    """When (ns) the last thing happened that is in the rows of `parts`."""
    times = [block[0][-1] for part in parts for kind in KINDS.values() for block in pieces.read(part, kind)]
    return max(times, default=0)


def _write(folder: Path, kind: Kind, frame: pl.DataFrame, parts: Sequence[Path]) -> bytes:
    """Make the kind's file; the answer is its rows' hash. On a full disk the rows, which are here now, make room."""
    try:
        return store.write(folder, kind, frame)
    except OSError:
        for part in parts:
            pieces.path_of(part, kind).unlink(missing_ok=True)
        return store.write(folder, kind, frame)


def _together(parts: Sequence[Path], kind: Kind, labels: Mapping[FourTuple, str]) -> pl.DataFrame:
    import polars as pl

    frames = [frame for part in parts for frame in _frames(part, kind)]
    frame = pl.concat(frames or [store.frame_of(kind, _nothing(kind))])
    if LABEL in kind.names:
        frame = frame.with_columns(_named(frame[LABEL], labels))
    return frame.sort("t", maintain_order=True)


def _frames(part: Path, kind: Kind) -> Iterator[pl.DataFrame]:
    """The rows of a part, in frames of a size that is worth their while."""
    columns = _nothing(kind)
    for block in pieces.read(part, kind):
        for column, values in zip(columns, block, strict=True):
            column += values
        if len(columns[0]) >= FRAME:
            yield store.frame_of(kind, columns)
            columns = _nothing(kind)
    yield store.frame_of(kind, columns)


def _nothing(kind: Kind) -> list[list[Any]]:
    return [[] for _ in kind.columns]


def _named(shown: pl.Series, labels: Mapping[FourTuple, str]) -> pl.Series:
    """The labels, with what a process did not know filled in."""
    unknown = [label for label in shown.unique().to_list() if label.startswith(pieces.UNKNOWN)]
    return shown.replace(unknown, [_label(label, labels) for label in unknown]) if unknown else shown


def _label(unknown: str, labels: Mapping[FourTuple, str]) -> str:
    """As `Senders.label` has it: the connection's own, or what the peer calls its end of it."""
    address, port, peer, peer_port = map(int, unknown.removeprefix(pieces.UNKNOWN).split(","))
    return labels.get((address, port, peer, peer_port)) or labels.get((peer, peer_port, address, port)) or ""
