"""The peer's receive window: SND.WND and which segment gave it (RFC 9293 sections 3.3.1 and 3.10.7.4, fifth)."""

from __future__ import annotations


class PeerWindow:
    """`size` in bytes; `largest` is MAX.SND.WND; `shift` how the field is scaled (RFC 7323)."""

    __slots__ = ("_wl1", "_wl2", "largest", "shift", "size")

    def __init__(self) -> None:
        self.size = 0
        self.largest = 0
        self.shift = 0
        self._wl1 = 0
        self._wl2 = 0

    def set(self, seq: int, ack: int, size: int) -> None:
        """Take the first window, in the handshake."""
        self._wl1, self._wl2, self.size = seq, ack, size
        self.largest = size

    def update(self, seq: int, ack: int, field: int) -> bool:
        """Take the window field of a segment, unless a later one gave the present window; whether it changed.

        Of two segments the later is the one that acknowledges more. RFC 9293 looks at the sequence numbers first, but a
        retransmission has an old one: its acknowledgement would move the window, whose size would be that of before.
        (Linux takes the window of whatever acknowledges something new, too.)
        """
        if self._wl2 > ack or (self._wl2 == ack and self._wl1 > seq):
            return False
        self._wl1 = seq
        self._wl2 = ack
        size = field << self.shift
        if size == self.size:
            return False
        self.size = size
        if size > self.largest:
            self.largest = size
        return True
