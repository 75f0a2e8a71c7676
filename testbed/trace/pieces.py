"""The rows of a process that has a part of the machines, while it has no time to lose.

A table keeps a few rows as they came, then turns them into bytes, which takes a tenth of a millisecond, and needs no
library. `merge` makes the run's tables of all processes' rows when there is time.

    segment.rows    blocks of some rows: for each column the size of its values, and these

What a killed process has saved can be read up to its last whole block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO, Final

from testbed.trace.recorder import Recorder, Senders
from testbed.trace.store import Spread, Table, from_bytes, to_bytes
from testbed.trace.tracer import FourTuple
from testbed.trace.vocabulary import Kind

CHUNK: Final = 64
"""Rows that are turned into bytes at once: few, for everything else waits."""

BLOCKS: Final = 16
"""Blocks that are written at once."""

UNKNOWN: Final = "?"
"""What the label of a connection begins with that this process knows nothing of; its four-tuple follows."""

_SIZE: Final = Struct("<I")


class PieceRecorder(Recorder):
    """Keeps the rows of some machines in `folder`. To be asked now and then to `save`."""

    def _table(self, kind: Kind, folder: Path | None, columns: Spread) -> Table:
        assert folder is not None
        return _Pieces(kind, folder, columns)

    def _who_sends(self, names: Mapping[int, str]) -> Senders:
        return _Strangers(names)

    @property
    def ends(self) -> Mapping[FourTuple, tuple[str, str]]:
        """Host and label of each connection's end that is here, by its four-tuple."""
        return self._senders.ends

    @property
    def finishers(self) -> list[Callable[[], None]]:
        """What closes each kind's file, and may raise OSError for it."""
        return [table.finish for table in self._tables.values()]

    def save(self) -> None:
        """Have all rows so far on the disk."""
        for table in self._tables.values():
            if isinstance(table, _Pieces):
                table.save()


class _Strangers(Senders):
    """The other ends of connections are known elsewhere, and will be when all rows are put together."""

    def label(self, four_tuple: FourTuple) -> str:
        known = self.ends.get(four_tuple)
        return known[1] if known else UNKNOWN + ",".join(map(str, four_tuple))


class _Pieces(Table):
    """The rows of one kind, as bytes. After a write that failed it keeps nothing more: what is there stays readable."""

    __slots__ = ("_blocks", "_file")

    chunk = CHUNK

    def __init__(self, kind: Kind, folder: Path, columns: Spread) -> None:
        super().__init__(kind, folder, columns)
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path_of(folder, kind).open("ab", buffering=0)
        self._blocks: list[bytes] = []

    def save(self) -> None:
        """Write what there is."""
        self.flush()
        self._write()

    def finish(self) -> None:
        self.save()
        self._file.close()

    def _keep(self, columns: Sequence[Sequence[Any]]) -> None:
        parts = []
        for column, values in zip(self._kind.columns, columns, strict=True):
            data = to_bytes(column, values)
            parts += [_SIZE.pack(len(data)), data]
        self._blocks.append(b"".join(parts))
        if len(self._blocks) >= BLOCKS:
            self._write()

    def _write(self) -> None:
        data = memoryview(b"".join(self._blocks))
        self._blocks.clear()
        try:
            while data and not self._file.closed:
                data = data[self._file.write(data) :]
        except OSError as error:
            self._file.close()
            raise OSError(error.errno, error.strerror, self._file.name) from error


def path_of(folder: Path, kind: Kind) -> Path:
    """Where a process keeps its rows of `kind`."""
    return folder / f"{kind.name}.rows"


def read(folder: Path, kind: Kind) -> Iterator[list[Sequence[Any]]]:
    """The columns of one block after another, as far as they are whole."""
    path = path_of(folder, kind)
    data = path.read_bytes() if path.is_file() else b""
    at = 0
    while at < len(data):
        columns: list[Sequence[Any]] = []
        for column in kind.columns:
            begin = at + _SIZE.size
            at = begin + _SIZE.unpack(data[at:begin])[0] if begin <= len(data) else begin
            if at > len(data):
                return
            columns.append(from_bytes(column, data[begin:at]))
        yield columns
