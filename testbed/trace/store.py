"""Where rows go: lists, then part files, then one Parquet file a kind; and back again.

A table keeps the rows of one kind until there is a chunk of them, turns the chunk into columns, adds these to the
kind's hash and writes them as a part. So memory does not grow with the length of a run, and what a killed run
left can be recovered. The hash covers values, not files: it is the same however the rows were cut into chunks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan, nan
from pathlib import Path
from struct import pack, unpack
from typing import TYPE_CHECKING, Any, Final

from testbed.errors import ConfigError
from testbed.trace.files import whole
from testbed.trace.vocabulary import INTEGER, KINDS, NUMBER, TEXT, Column, Kind

if TYPE_CHECKING:
    import polars as pl

CHUNK: Final = 4096
"""Rows that are kept as they came. One may hold on to its segment's payload, so these are at most 6 MB."""

CHUNKS_A_PART: Final = 16

PARTS: Final = "parts"
"""The folder of the part files, inside the run's."""

_FINAL: Final[dict[str, Any]] = {"compression": "zstd", "compression_level": 1}

Row = tuple[Any, ...]
Spread = Callable[[Sequence[Row]], Sequence[Sequence[Any]]]


def spread(rows: Sequence[Row]) -> Sequence[Sequence[Any]]:
    """The columns of rows whose values are those of the columns already."""
    return list(zip(*rows, strict=True))


class Table:
    """The rows of one kind. Listeners append to `rows`, and call `flush` when there are `chunk` of them.

    Without a `folder` the rows are hashed and forgotten. `columns` makes the kind's columns of the rows, for
    rows that are kept in another shape.
    """

    __slots__ = ("_columns", "_count", "_folder", "_frames", "_hashes", "_kind", "_parts", "rows")

    chunk = CHUNK
    """How many rows make a chunk."""

    def __init__(self, kind: Kind, folder: Path | None, columns: Spread = spread) -> None:
        self.rows: list[Row] = []
        self._kind = kind
        self._folder = folder
        self._columns = columns
        self._frames: list[pl.DataFrame] = []
        self._count = 0
        self._parts = 0
        self._hashes = _hashes(kind)

    @property
    def count(self) -> int:
        """Rows so far."""
        return self._count + len(self.rows)

    def flush(self) -> None:
        """Hash what is in `rows`, keep it as columns, write a part when there is enough; empty `rows`."""
        if not self.rows:
            return
        columns = self._columns(self.rows)
        self._count += len(self.rows)
        self.rows.clear()
        self._keep(columns)

    def digest(self) -> bytes:
        """The SHA-256 of all rows flushed."""
        return _together(self._hashes)

    def finish(self) -> None:
        """Flush, and make the kind's file."""
        self.flush()
        if self._folder is None:
            return
        if self._parts:
            self._write_part(self._folder)
            _join(self._folder, self._kind)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole(self._folder / f"{self._kind.name}.parquet") as path, disk_errors(path):
                self._frame().write_parquet(path, **_FINAL)

    def _keep(self, columns: Sequence[Sequence[Any]]) -> None:
        for known, column, values in zip(self._hashes, self._kind.columns, columns, strict=True):
            known.update(to_bytes(column, values))
        if self._folder is not None:
            self._frames.append(frame_of(self._kind, columns))
            if len(self._frames) == CHUNKS_A_PART:
                self._write_part(self._folder)

    def _write_part(self, folder: Path) -> None:
        path = folder / PARTS / f"{self._kind.name}-{self._parts:06}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary, disk_errors(path):
            self._frame().write_parquet(temporary, compression="lz4", statistics=False)
        self._frames.clear()
        self._parts += 1

    def _frame(self) -> pl.DataFrame:
        import polars as pl

        return pl.concat(self._frames or [frame_of(self._kind, [[]] * len(self._kind.columns))])


def write(folder: Path, kind: Kind, frame: pl.DataFrame) -> bytes:
    """Make the kind's file of rows that have been put together. The answer is their hash, as a `Table` has it."""
    with whole(folder / f"{kind.name}.parquet") as path, disk_errors(path):
        frame.write_parquet(path, **_FINAL)
    hashes = _hashes(kind)
    for piece in frame.iter_slices(CHUNK):
        for known, column in zip(hashes, kind.columns, strict=True):
            known.update(to_bytes(column, piece[column.name].to_list()))
    return _together(hashes)


def hash_of(digests: Mapping[str, bytes]) -> str:
    """A trace's hash, of its kinds'. Equal traces, equal hashes."""
    known = hashlib.sha256()
    for kind, digest in digests.items():
        known.update(kind.encode() + digest)
    return known.hexdigest()


def _hashes(kind: Kind) -> list[hashlib._Hash]:
    return [hashlib.sha256(column.name.encode()) for column in kind.columns]


def _together(hashes: Iterable[hashlib._Hash]) -> bytes:
    return hashlib.sha256(b"".join([known.digest() for known in hashes])).digest()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn polars' own error for a full disk into the system's, an OSError that names `path`."""
    from polars.exceptions import PolarsError

    try:
        yield
    except PolarsError as error:
        raise OSError(0, str(error), str(path)) from error


def to_bytes(column: Column, values: Sequence[Any]) -> bytes:
    """Bytes that stand for these values and no others, and can be put together chunk by chunk."""
    if column.type == TEXT:
        if column.nullable:
            values = ["\0" if value is None else value for value in values]
        return ("\n".join(values) + "\n").encode()
    if column.type == NUMBER:
        return pack(f"<{len(values)}d", *[nan if value is None else value for value in values])
    if column.nullable:
        values = [-1 if value is None else value for value in values]
    return pack(f"<{len(values)}q", *values)


def from_bytes(column: Column, data: bytes) -> Sequence[Any]:
    """The values, at least one, that `to_bytes` made `data` of."""
    if column.type == TEXT:
        texts = data[:-1].decode().split("\n")
        return [None if text == "\0" else text for text in texts] if column.nullable else texts
    if column.type == NUMBER:
        values = unpack(f"<{len(data) // 8}d", data)
        return [None if isnan(value) else value for value in values] if column.nullable else values
    numbers = unpack(f"<{len(data) // 8}q", data)
    return [None if number == -1 else number for number in numbers] if column.nullable else numbers


def frame_of(kind: Kind, columns: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """The columns of a kind as a polars table."""
    import polars as pl

    types = schema(kind).items()
    return pl.DataFrame(
        [pl.Series(name, values, dtype=kept) for (name, kept), values in zip(types, columns, strict=True)]
    )


def schema(kind: Kind) -> dict[str, Any]:
    """The types of a kind's columns, as polars has them."""
    import polars as pl

    types: dict[str, Any] = {TEXT: pl.String, INTEGER: pl.Int64, NUMBER: pl.Float64}
    return {column.name: types[column.type] for column in kind.columns}


def _join(folder: Path, kind: Kind) -> None:
    """Make one file of the kind's parts, whole or not at all, and remove them."""
    import polars as pl

    parts = _parts(folder, kind)
    with whole(folder / f"{kind.name}.parquet") as path, disk_errors(path):
        pl.scan_parquet(parts).sink_parquet(path, **_FINAL)
    for part in parts:
        part.unlink()
    if not any((folder / PARTS).iterdir()):
        (folder / PARTS).rmdir()


def _parts(folder: Path, kind: Kind) -> list[Path]:
    return sorted((folder / PARTS).glob(f"{kind.name}-*.parquet"))


# -- reading ---------------------------------------------------------------------------------------------------


def kinds(folder: Path) -> list[str]:
    """The kinds of rows that a run's folder has, in the vocabulary's order."""
    return [name for name in KINDS if (folder / f"{name}.parquet").is_file()]


def load(folder: Path, kind: str) -> pl.LazyFrame:
    """The rows of a kind, in order of time; `collect()` reads them. Raises ConfigError when there are none."""
    import polars as pl

    path = folder / f"{kind}.parquet"
    if not path.is_file():
        there = ", ".join(kinds(folder)) or "no rows at all"
        raise ConfigError.of(f"no {kind!r} rows here, but {there}", file=str(folder))
    return pl.scan_parquet(path)


def rows(folder: Path, kind: str, where: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a kind as dictionaries in column order; `where` keeps those with these values."""
    import polars as pl

    frame = load(folder, kind)
    for column, value in (where or {}).items():
        frame = frame.filter(pl.col(column) == value)
    yield from frame.collect().iter_rows(named=True)


def recover(folder: Path) -> list[str]:
    """Make whole files of the parts that a killed run left, up to its last chunks; say of which kinds."""
    found = [kind for kind in KINDS.values() if _parts(folder, kind)]
    for kind in found:
        _join(folder, kind)
    return [kind.name for kind in found]
