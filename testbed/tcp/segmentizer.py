"""What may be sent now: Nagle's rule and silly-window avoidance on the sending side.

RFC 9293 sections 3.7.4 and 3.8.6.2.1. The windows themselves are the sender's affair.
"""

from __future__ import annotations


class Segmentizer:
    """Decides how long the next new segment is."""

    __slots__ = ("_nagle", "max_window")

    def __init__(self, nagle: bool) -> None:
        self._nagle = nagle
        self.max_window = 0  # Max(SND.WND): the largest window that the peer has ever shown

    def size(self, unsent: int, room: int, mss: int, outstanding: bool, last: bool) -> int:
        """Bytes to send now, of `unsent` that wait, with `room` in both windows; 0 means hold them back.

        `outstanding`: data is unacknowledged. `last`: the application has closed, nothing can join what waits.
        The RFC's conditions: (1) a full segment can be sent; (2) nothing is unacknowledged or Nagle is off, and
        all that waits can be sent; (3) the same, and at least half of the largest window; (4), the override, is
        a timer's.
        """
        if unsent >= mss and room >= mss:
            return mss
        may_be_small = last or not outstanding or not self._nagle
        if unsent <= room and may_be_small:
            return unsent
        sendable = min(unsent, room)
        if may_be_small and sendable > 0 and sendable * 2 >= self.max_window:
            return sendable
        return 0
