"""Between the script's numbers and those on the wire: sequence numbers and timestamps.

Scripts count from each side's initial sequence number; where the stack's begins is learnt from its SYN. Timestamps of
the stack are learnt as they are expected, so that a script can echo them.
"""

from __future__ import annotations

from packetdrill.script import Mismatch, Option, PacketEvent

MASK = 0xFFFFFFFF


class Numbers:
    """The mapping of one connection. `remote` is added to what the script's side calls its own numbers."""

    def __init__(self, remote: int = 0) -> None:
        self.remote = remote
        self.local: int | None = None
        self._stamps: dict[int, int] = {0: 0}
        self._first: tuple[int, int] | None = None  # a stamp of the stack's, as scripted and as seen

    def learn(self, scripted: int, live: int) -> None:
        """The stack's SYN had number `live` where the script says `scripted`."""
        self.local = (live - scripted) & MASK

    # -- what goes to the stack: from the script to the wire -----------------------------------------------------------

    def inbound_seq(self, event: PacketEvent) -> int:
        """The wire's number for what the script sends."""
        return ((event.seq or 0) + (0 if event.absolute else self.remote)) & MASK

    def inbound_ack(self, scripted: int) -> int:
        """The wire's number for what the script acknowledges, in the header or in a SACK block."""
        return (scripted + (self.local or 0)) & MASK

    def inbound_echo(self, scripted: int) -> int:
        """The live value of the stack's timestamp that the script calls `scripted`."""
        if scripted not in self._stamps:
            raise Mismatch(f"the script echoes timestamp {scripted}, which it has never seen")
        return self._stamps[scripted]

    # -- what the stack sent: from the wire to the script --------------------------------------------------------------

    def outbound_seq(self, live: int) -> int:
        """The script's number for the stack's."""
        return (live - (self.local or 0)) & MASK

    def outbound_ack(self, live: int) -> int:
        """The script's number for what the stack acknowledges."""
        return (live - self.remote) & MASK

    def outbound_option(self, option: Option) -> Option:
        """SACK blocks as the script counts them; other options are the same on both sides."""
        if option.name != "sack":
            return option
        blocks = [(self.outbound_ack(left), self.outbound_ack(right)) for left, right in option.values]
        return Option("sack", tuple(blocks))

    def note_stamp(self, scripted: int, live: int) -> None:
        """The stack sent the timestamp `live` where the script says `scripted`."""
        self._stamps[scripted] = live
        if self._first is None:
            self._first = (scripted, live)

    def stamp_drift(self, scripted: int, live: int, tick: int) -> tuple[int, int]:
        """How far (ns) the stack's timestamp is off, counted from its first, and how long it has been since then."""
        if self._first is None:
            return 0, 0
        expected = (scripted - self._first[0]) * tick
        seen = ((live - self._first[1]) & MASK) * tick
        return abs(seen - expected), expected
