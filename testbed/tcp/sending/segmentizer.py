"""What may be sent now: Nagle's rule and silly-window avoidance on the sending side.

RFC 9293 sections 3.7.4 and 3.8.6.2.1. The windows themselves are the sender's affair.
"""

from __future__ import annotations


class Segmentizer:
    """Decides how long the next new segment is."""

    __slots__ = ("_nagle",)

    def __init__(self, nagle: bool) -> None:
        self._nagle = nagle

    def size(self, unsent: int, room: int, mss: int, outstanding: bool, last: bool, largest: int) -> int:
        """Bytes to send now, of `unsent` that wait, with `room` in both windows; 0 means hold them back.

        `outstanding`: data is unacknowledged. `last`: the application has closed, nothing can join what waits.
        `largest`: Max(SND.WND), the largest window that the peer has ever shown.
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
        if may_be_small and sendable > 0 and sendable * 2 >= largest:
            return sendable
        return 0
