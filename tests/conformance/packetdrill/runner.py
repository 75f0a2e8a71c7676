"""Playing a script against the stack, with packetdrill's sense of time.

Relative times count from the moment the previous event was dealt with. Packets, calls, commands and code of the
script wait for their time; what is expected of the stack is read as it comes, and its time is checked afterwards.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from packetdrill import compare, icmp
from packetdrill.calls import Calls, Result, same_error
from packetdrill.kernel import Kernel, Sniffed
from packetdrill.numbers import Numbers
from packetdrill.profile import Profile
from packetdrill.script import (
    CallEvent,
    CodeEvent,
    CommandEvent,
    Event,
    Mismatch,
    PacketEvent,
    Script,
    Unsupported,
)

from testbed.clock import FOREVER, SECOND
from testbed.wire.packet import Packet
from testbed.wire.segment import Segment

GRACE: Final = 2 * SECOND
"""How much later than expected a packet may be waited for, before it counts as missing."""

EVENTUALLY: Final = 3600 * SECOND
"""How long `*` waits."""

REMOTE_PORT: Final = 40000
"""The script's port when it connects to the stack."""


class Runner:
    """One run of one script.

    `tolerance` (ns) replaces the script's own; 0 is exact. `remote_sequence` is added to the script's own sequence
    numbers, to see them wrap. `strict_end` also minds packets that nobody expected after the last expected one.
    """

    def __init__(
        self,
        script: Script,
        profile: Profile,
        *,
        initial_sequence: int | None = None,
        remote_sequence: int = 0,
        tolerance: int | None = None,
        strict_end: bool = False,
    ) -> None:
        self._script = script
        self._profile = profile
        self._strict_end = strict_end
        self.kernel = Kernel(profile.config(), initial_sequence, script.integer("mtu", 1500))
        self.kernel.errors = profile.errors
        self._clock = self.kernel.clock
        self._wire = self.kernel.wire
        self._numbers = Numbers(remote_sequence)
        self._calls = Calls(self.kernel, profile, script)
        self._pending: tuple[Event, Iterator[None], int] | None = None
        self._ports: tuple[int, int] | None = None  # the script's, the stack's
        exact = script.integer("tolerance_usecs", 4000) * 1000
        self._tolerance = exact if tolerance is None else tolerance
        self._percent = float(script.options.get("tolerance_percent", 12.5)) if tolerance is None else 0.0
        self._tick = script.integer("tcp_ts_tick_usecs", 0) * 1000
        self._strict_segments = "strict_segments" in script.options
        self._previous = 0  # when the event before was dealt with
        self._namespace: dict[str, Any] = dict(profile.constants())
        self._story: list[str] = []

    def run(self) -> None:
        """Play it. Raises `Mismatch` with the story so far, or `Unsupported`."""
        self._profile.setup(self._script.setup, self.kernel)
        for event in self._script.events:
            try:
                self._play(event)
            except Mismatch as mismatch:
                raise Mismatch(self._report(event, str(mismatch))) from None
        if self._strict_end and self._wire.sniffed:
            raise Mismatch(self._report(self._script.events[-1], "packets that nobody expects at the end"))

    # -- time ----------------------------------------------------------------------------------------------------------

    def _play(self, event: Event) -> None:
        moment, body = event.moment, event.body
        base = self._previous if moment.kind == "relative" else 0
        due = base + moment.at
        if isinstance(body, PacketEvent) and not body.inbound:
            until = due if moment.until is None else base + moment.until
            self._expect(event, body, due, until)
        else:
            if due < self._clock.now:
                raise Mismatch(f"it should happen at {due} ns, but it is {self._clock.now} ns")
            self._advance(due)
            self._act(event, body, base)
        self._previous = self._clock.now
        self._story.append(f"{self._clock.now / SECOND:11.6f}  {event.text}")

    def _act(self, event: Event, body: Any, base: int) -> None:
        if isinstance(body, PacketEvent):
            self._inject(body)
        elif isinstance(body, CommandEvent):
            self._profile.command(body.text, self.kernel)
        elif isinstance(body, CodeEvent):
            self._look(body)
        else:
            self._call(event, body, base)
        self._poll_pending()

    def _advance(self, until: int) -> None:
        """Let time pass up to `until`, whatever happens on the way."""
        while (due := self._clock.next_due()) is not None and due <= until:
            self._clock.step()
            self._poll_pending()
        self._clock.now = max(self._clock.now, until)
        self._poll_pending()

    def _advance_to_packet(self, deadline: int) -> bool:
        """Let time pass until something is sniffed; False if nothing is by `deadline`."""
        while not self._wire.sniffed:
            due = self._clock.next_due()
            if due is None or due > deadline:
                return False
            self._clock.step()
            self._poll_pending()
        return True

    def _tolerated(self, since: int) -> int:
        return max(self._tolerance, int(since * self._percent / 100))

    # -- packets -------------------------------------------------------------------------------------------------------

    def _inject(self, event: PacketEvent) -> None:
        if event.foreign:
            self._inject_foreign(event)
            return
        packet = compare.build(event, self._inbound_ports(event), self._numbers)
        self._ports = (packet.segment.source_port, packet.segment.destination_port)
        if self._profile.admits(packet.segment, self.kernel):
            self.kernel.host.incoming("wire")(packet, self._clock.now)

    def _inject_foreign(self, event: PacketEvent) -> None:
        if not event.foreign.startswith("icmp "):
            raise Unsupported(event.foreign)
        packet = icmp.build(event.foreign, self._inbound_ports(event), self._numbers)
        self.kernel.host.incoming("wire")(packet, self._clock.now)

    def _inbound_ports(self, event: PacketEvent) -> tuple[int, int]:
        if event.ports is not None:
            return event.ports
        if self._ports is not None:
            return self._ports
        return REMOTE_PORT, self._script.integer("bind_port", 8080)

    def _expect(self, event: Event, wanted: PacketEvent, due: int, until: int) -> None:
        if wanted.foreign:
            raise Unsupported(wanted.foreign)
        anytime = event.moment.kind == "any"
        deadline = self._clock.now + EVENTUALLY if anytime else until + GRACE
        sniffed = self._sniff(deadline)
        segment = sniffed.packet.segment
        size = len(segment.payload)
        while not self._strict_segments and size and size < wanted.length and self._advance_to_packet(deadline):
            sniffed = _joined(sniffed, self._wire.sniffed.popleft(), size)
            size = len(sniffed.packet.segment.payload)
        wanted = self._profile.equivalent(wanted, sniffed.packet.segment, self.kernel)
        try:
            compare.check(wanted, sniffed.packet, self._numbers, self._profile, self.kernel, self._tick)
        except Mismatch as mismatch:
            raise Mismatch(f"{mismatch}\n    sent: {self._shown(sniffed.packet.segment)}") from None
        if anytime:
            return
        early = due - self._tolerated(due - self._previous)
        late = until + self._tolerated(until - self._previous)
        if not early <= sniffed.at <= late:
            raise Mismatch(
                f"it was sent at {sniffed.at / SECOND:.6f}, not between {early / SECOND} and {late / SECOND}"
            )

    def _sniff(self, deadline: int) -> Sniffed:
        if not self._advance_to_packet(deadline):
            self._clock.now = max(self._clock.now, min(deadline, FOREVER))
            raise Mismatch("nothing was sent")
        sniffed = self._wire.sniffed.popleft()
        segment = sniffed.packet.segment
        self._ports = (segment.destination_port, segment.source_port)
        return sniffed

    def _shown(self, segment: Segment) -> str:
        return compare.show(segment, self._numbers, self._layout)

    def _layout(self, segment: Segment) -> Any:
        return self._profile.layout(segment, self.kernel)

    # -- calls and code ------------------------------------------------------------------------------------------------

    def _call(self, event: Event, body: CallEvent, base: int) -> None:
        if self._pending is not None:
            self._finish_pending()
        outcome = self._calls.begin(body)
        end = event.moment.end
        latest = self._clock.now if end is None else base + end
        if isinstance(outcome, Result):
            _check_result(body, outcome)
            return
        self._pending = (event, outcome, latest + self._tolerated(latest - self._clock.now))
        self._poll_pending()
        if self._pending is not None and end is None:
            self._finish_pending()

    def _poll_pending(self) -> None:
        """Ask a blocked call whether it can return."""
        if self._pending is None:
            return
        event, waiting, latest = self._pending
        assert isinstance(event.body, CallEvent)
        try:
            next(waiting)
        except StopIteration as stop:
            self._pending = None
            _check_result(event.body, stop.value)
            if self._clock.now > latest:
                raise Mismatch(f"line {event.line}: {event.body.name} returned too late") from None

    def _finish_pending(self) -> None:
        """Let time pass until the blocked call returns, or should have."""
        assert self._pending is not None
        latest = self._pending[2]
        while self._pending is not None and (due := self._clock.next_due()) is not None and due <= latest:
            self._clock.step()
            self._poll_pending()
        if self._pending is not None:
            raise Mismatch(f"line {self._pending[0].line}: the call blocks")

    def _look(self, body: CodeEvent) -> None:
        """Run code of the script. (packetdrill does so at the end, on what it noted now; the effect is the same.)"""
        sockets = self.kernel.host.sockets
        info = self._profile.tcp_info(sockets[-1] if sockets else None)
        self._namespace |= {f"tcpi_{name}": value for name, value in info.items()}
        try:
            exec(textwrap.dedent(body.text).strip(), self._namespace)
        except AssertionError as error:
            raise Mismatch(f"the assertion fails {error}; tcp_info is {info}") from None
        except NameError as error:
            raise Unsupported(str(error)) from None

    # -- telling -------------------------------------------------------------------------------------------------------

    def _report(self, event: Event, what: str) -> str:
        states = ", ".join(socket.state for socket in self.kernel.host.sockets) or "no connection"
        waiting = [f"    unread: {self._shown(sniffed.packet.segment)}" for sniffed in self._wire.sniffed]
        here = f"{self._clock.now / SECOND:11.6f}  {event.text}    <-- line {event.line}"
        return "\n".join(["", *self._story[-12:], here, f"  {what}", *waiting, f"  state: {states}"])


def _joined(first: Sniffed, second: Sniffed, size: int) -> Sniffed:
    """Two consecutive segments as one (scripts may ask for the sum): flags and time are the last one's."""
    one, two = first.packet.segment, second.packet.segment
    if (one.seq + size) & 0xFFFFFFFF != two.seq:
        raise Mismatch("the segment that follows does not continue the one before")
    if (one.ack, one.window, one.sack) != (two.ack, two.window, two.sack) or not two.payload:
        raise Mismatch("the segment that follows differs from the one before in its header")
    whole = Segment(
        one.source_port, one.destination_port, one.seq, one.ack, two.flags, one.window, one.payload + two.payload
    )
    whole.sack, whole.timestamp, whole.timestamp_echo = one.sack, one.timestamp, one.timestamp_echo
    return Sniffed(Packet(first.packet.source, first.packet.destination, whole), second.at)


def _check_result(wanted: CallEvent, live: Result) -> None:
    if wanted.result is not None and wanted.result != live.value:
        raise Mismatch(f"{wanted.name}: expected {wanted.result} {wanted.error}, got {live.value} {live.error}")
    if wanted.error and not same_error(wanted.error, live.error):
        raise Mismatch(f"{wanted.name}: expected {wanted.error}, got {live.error or 'success'}")
