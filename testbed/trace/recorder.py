"""The tracer of a run: hears everything, keeps the rows of the kinds that are wanted, passes on to other listeners.

Each kind has a listener of its own, which does nothing but append a row; a kind that is switched off has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from testbed.trace.fanout import connections, hosts, links
from testbed.trace.store import Row, Spread, Table, hash_of, spread
from testbed.trace.tracer import ConnectionTracer, FourTuple, HostTracer, LinkTracer, Tracer
from testbed.trace.vocabulary import KINDS, Kind
from testbed.wire.accurate_ecn import counters
from testbed.wire.icmp import read_quote
from testbed.wire.packet import CODEPOINTS, show_address
from testbed.wire.segment import show_flags

if TYPE_CHECKING:
    from testbed.wire.packet import Packet
    from testbed.wire.segment import Segment

_FLAGS: Final = [show_flags(flags) for flags in range(512)]


class Recorder(Tracer):
    """Keeps rows in `folder`, or, without one, only their hash. `close` makes the files.

    `kinds` switches kinds off (or on: they all are). `names` tells whose an address is, so that a dropped packet can be
    laid to its sender's account. `also` are other tracers that hear the same: meters, captures.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        kinds: Mapping[str, bool] | None = None,
        names: Mapping[int, str] | None = None,
        also: Iterable[Tracer] = (),
    ) -> None:
        wanted = kinds or {}
        self._tables = {
            name: self._table(kind, folder, _segment_columns if name == "segment" else spread)
            for name, kind in KINDS.items()
            if wanted.get(name, True)
        }
        self._senders = self._who_sends(names or {})
        self._also = tuple(also)

    def _table(self, kind: Kind, folder: Path | None, columns: Spread) -> Table:
        """Where the rows of `kind` are to go."""
        return Table(kind, folder, columns)

    def _who_sends(self, names: Mapping[int, str]) -> Senders:
        return Senders(names)

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each kind so far."""
        return {name: table.count for name, table in self._tables.items()}

    def close(self) -> str:
        """Make a file of each kind's rows. The answer is the trace's hash: equal traces, equal hashes."""
        for table in self._tables.values():
            table.finish()
        return hash_of({name: table.digest() for name, table in self._tables.items()})

    # -- a Tracer ----------------------------------------------------------------------------------------------

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        shown = self._senders.register(four_tuple, host, label)
        rows: list[ConnectionTracer] = []
        for kind, listener in _CONNECTION_ROWS.items():
            if kind in self._tables:
                rows.append(listener(self._tables[kind], host, shown))
        return connections([*rows, *[one.connection(host, label, four_tuple) for one in self._also]])

    def link(self, name: str) -> LinkTracer:
        drops = self._drops(name)
        rows: list[LinkTracer] = [_LinkDrops(drops)] if drops is not None else []
        if "queue" in self._tables:
            rows.append(_QueueRows(self._tables["queue"], name))
        if "mark" in self._tables:
            rows.append(_MarkRows(self._tables["mark"], name))
        return links([*rows, *[one.link(name) for one in self._also]])

    def host(self, name: str) -> HostTracer:
        drops = self._drops(name)
        rows: list[HostTracer] = [_HostDrops(drops)] if drops is not None else []
        if "icmp" in self._tables:
            rows.append(_IcmpRows(self._tables["icmp"], name, self._senders))
        return hosts([*rows, *[one.host(name) for one in self._also]])

    def _drops(self, where: str) -> _Drops | None:
        drops, segments = self._tables.get("drop"), self._tables.get("segment")
        return _Drops(drops, segments, self._senders, where) if drops is not None or segments is not None else None


class Senders:
    """Whose packet is this? Known for every connection that was registered, and for every address with a name."""

    __slots__ = ("_names", "ends")

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self.ends: dict[FourTuple, tuple[str, str]] = {}
        """Host and label of every connection's end that was registered."""

    def register(self, four_tuple: FourTuple, host: str, label: str) -> str:
        """Note whose end this is. The answer is its label, or, where it has none, what it was known by before."""
        if not label:
            return self.label(four_tuple)
        self.ends[four_tuple] = host, label
        return label

    def find(self, packet: Packet) -> tuple[str, str]:
        """The sender's host and connection; the connection of a packet that belongs to none is ""."""
        segment = packet.segment
        key = packet.source, segment.source_port, packet.destination, segment.destination_port
        found = self.ends.get(key)
        if found is not None:
            return found
        return self._names.get(packet.source) or show_address(packet.source), self.label(key)

    def label(self, four_tuple: FourTuple) -> str:
        """What a connection without a label is called: as the one that was here, or as the peer's end of it.

        So a RST from a closed port, or for a connection that is over, stands with what it answers.
        """
        address, port, peer, peer_port = four_tuple
        known = self.ends.get(four_tuple) or self.ends.get((peer, peer_port, address, port))
        return known[1] if known else ""


# -- connections ----------------------------------------------------------------------------------------------


class _ConnectionRows(ConnectionTracer):
    """A listener that appends to one table, on behalf of one end of a connection."""

    def __init__(self, table: Table, host: str, label: str) -> None:
        self._table = table
        self._rows = table.rows
        self._chunk = table.chunk
        self._host = host
        self._label = label


class _StateRows(_ConnectionRows):
    def state(self, now: int, old: str, new: str, cause: str) -> None:
        self._rows.append((now, self._host, self._label, old, new, cause))
        if len(self._rows) >= self._chunk:
            self._table.flush()


class _SegmentRows(_ConnectionRows):
    def segment(self, now: int, direction: str, segment: Segment, reason: str) -> None:
        self._rows.append((now, self._host, self._label, direction, segment, reason, None))
        if len(self._rows) >= self._chunk:
            self._table.flush()


class _CwndRows(_ConnectionRows):
    def cwnd(
        self, now: int, cause: str, cwnd: int, ssthresh: int, srtt: int, rto: int, in_flight: int, peer_window: int
    ) -> None:  # fmt: skip
        rows = self._rows
        rows.append((now, self._host, self._label, cause, cwnd, ssthresh, srtt, rto, in_flight, peer_window))
        if len(rows) >= self._chunk:
            self._table.flush()


class _ControlRows(_ConnectionRows):
    def control(self, now: int, variable: str, value: float | str) -> None:
        number, text = (None, value) if isinstance(value, str) else (float(value), None)
        self._rows.append((now, self._host, self._label, variable, number, text))
        if len(self._rows) >= self._chunk:
            self._table.flush()


class _AppRows(_ConnectionRows):
    def app(self, now: int, event: str, length: int) -> None:
        self._rows.append((now, self._host, self._label, event, length))
        if len(self._rows) >= self._chunk:
            self._table.flush()


_CONNECTION_ROWS: Final[dict[str, type[_ConnectionRows]]] = {
    "state": _StateRows,
    "segment": _SegmentRows,
    "cwnd": _CwndRows,
    "control": _ControlRows,
    "app": _AppRows,
}


def _segment_columns(rows: Sequence[Row]) -> Sequence[Sequence[Any]]:
    """The rows keep the segment itself, which nobody changes; taking it apart by column is the cheapest way."""
    times, machines, labels, directions, segments, reasons, places = zip(*rows, strict=True)
    return (
        times,
        machines,
        labels,
        directions,
        [_FLAGS[one.flags] for one in segments],
        [one.seq for one in segments],
        [one.ack for one in segments],
        [len(one.payload) for one in segments],
        [one.window for one in segments],
        reasons,
        [one.urgent_pointer for one in segments],
        [_blocks(one.sack) if one.sack else None for one in segments],
        [one.mss for one in segments],
        [one.window_scale for one in segments],
        [one.timestamp for one in segments],
        [None if one.timestamp is None else one.timestamp_echo for one in segments],
        [CODEPOINTS[one.ecn] for one in segments],
        [_counters(one) if one.unknown else None for one in segments],
        places,
    )


def _counters(segment: Segment) -> str | None:
    told = counters(segment)
    return None if told is None else " ".join([f"{CODEPOINTS[one]} {count}" for one, count in told.items()])


def _blocks(sack: Iterable[tuple[int, int]]) -> str:
    return " ".join([f"{left}-{right}" for left, right in sack])


# -- links and hosts -------------------------------------------------------------------------------------------


class _QueueRows(LinkTracer):
    def __init__(self, table: Table, link: str) -> None:
        self._table = table
        self._rows = table.rows
        self._chunk = table.chunk
        self._link = link

    def queue(self, now: int, packets: int, size: int, waited: int) -> None:
        self._rows.append((now, self._link, packets, size, waited))
        if len(self._rows) >= self._chunk:
            self._table.flush()


class _Drops:
    """A drop has two rows: one as a drop, and one as the last that is heard of a segment."""

    __slots__ = ("_drops", "_segments", "_senders", "_where")

    def __init__(self, drops: Table | None, segments: Table | None, senders: Senders, where: str) -> None:
        self._drops = drops
        self._segments = segments
        self._senders = senders
        self._where = where

    def add(self, now: int, packet: Packet, reason: str) -> None:
        where = self._where
        if self._drops is not None:
            _put(self._drops, _packet_row(now, where, reason, packet))
        if self._segments is not None and packet.message is None:
            host, label = self._senders.find(packet)
            _put(self._segments, (now, host, label, "dropped", packet.segment, reason, where))


def _packet_row(now: int, where: str, reason: str, packet: Packet) -> Row:
    """What became of `packet`, as drops and marks have it."""
    segment = packet.segment
    return (
        now, where, reason, show_address(packet.source), show_address(packet.destination), _FLAGS[segment.flags],
        segment.seq, segment.ack, len(segment.payload), packet.size,
    )  # fmt: skip


def _put(table: Table, row: Row) -> None:
    table.rows.append(row)
    if len(table.rows) >= table.chunk:
        table.flush()


class _LinkDrops(LinkTracer):
    def __init__(self, drops: _Drops) -> None:
        self._drops = drops

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        self._drops.add(now, packet, reason)


class _MarkRows(LinkTracer):
    def __init__(self, table: Table, link: str) -> None:
        self._table = table
        self._link = link

    def mark(self, now: int, packet: Packet, reason: str) -> None:
        _put(self._table, _packet_row(now, self._link, reason, packet))


class _HostDrops(HostTracer):
    def __init__(self, drops: _Drops) -> None:
        self._drops = drops

    def drop(self, now: int, packet: Packet, reason: str) -> None:
        self._drops.add(now, packet, reason)


class _IcmpRows(HostTracer):
    def __init__(self, table: Table, machine: str, senders: Senders) -> None:
        self._table = table
        self._machine = machine
        self._senders = senders

    def icmp(self, now: int, direction: str, packet: Packet, outcome: str) -> None:
        message = packet.message
        assert message is not None
        quote = read_quote(message.quote)
        label, seq, size = "", None, None
        if quote is not None:
            four_tuple = quote.source, quote.source_port, quote.destination, quote.destination_port
            label, seq, size = self._senders.label(four_tuple), quote.seq, quote.size
        source, destination = show_address(packet.source), show_address(packet.destination)
        row = (
            now, self._machine, label, direction, message.name, source, destination, message.next_mtu, seq, size,
            outcome,
        )  # fmt: skip
        _put(self._table, row)
