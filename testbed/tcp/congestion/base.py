"""What a congestion control is to the rest of the sender: told what happened, asked for a window and a pace.

A control decides how much may be in flight, and perhaps how fast it leaves. *What* is lost is for the loss detection,
what to send and when for the sender. To add one: a file with a spec and a control, and a line in
`congestion.CONTROLS`.

Bytes throughout, ns, and bit/s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NamedTuple

UNLIMITED: Final = 1 << 40
"""The initial ssthresh: "arbitrarily high" (RFC 5681 section 3.1)."""

Variables = tuple[tuple[str, float | str], ...]
"""Names and values of what a control keeps inside, for the trace."""


class Start(NamedTuple):
    """What a control is given when the connection is established."""

    mss: int
    """Payload of a full segment."""
    window: int
    """The initial window (RFC 6928)."""
    abe: bool = False
    """Whether an ECN mark is answered more gently than a loss (RFC 8511)."""
    paced: bool = False
    """Whether segments leave one by one, whatever the control wishes."""
    seed: int = 0
    """Where a control that gambles gets its luck from; the same in every run of the same seed."""
    rtt: int = 0
    """The handshake's round trip (ns): a first pace is made of it. 0: unknown, as after a lost SYN."""
    sack: bool = True
    """Whether the peer acknowledges selectively: without, no more than one loss shows in a round trip."""


class Sample:
    """What one acknowledgement told. One object is used for all of a connection's: keep none.

    The last group is filled in only for controls with `samples` (see `Control`); it follows the delivery-rate draft
    (draft-cheng-iccrg-delivery-rate-estimation), whose names stand in brackets.
    """

    __slots__ = (
        "acked", "app_limited", "delivered", "ece", "in_flight", "in_flight_then", "interval", "limited", "lost",
        "lost_since", "marked", "next", "one_way", "prior_delivered", "prior_in_flight", "rate", "rate_delivered",
        "recovering", "repairing", "rtt", "srtt", "total_delivered", "una",
    )  # fmt: skip

    def __init__(self) -> None:
        self.acked = 0  # by which SND.UNA advanced
        self.delivered = 0  # known to have arrived since the last acknowledgement, by SACK as well
        self.lost = 0  # declared lost on this acknowledgement
        self.prior_in_flight = 0  # the pipe before
        self.in_flight = 0  # the pipe after
        self.limited = False  # the window, and nothing else, limited the sender
        self.recovering = False  # in fast recovery
        self.repairing = False  # after a timeout, until what was outstanding then is acknowledged
        self.rtt = 0  # measured on this acknowledgement (ns); 0: nothing was
        self.srtt = 0  # smoothed, this measurement included (RFC 6298 section 2); 0: nothing was measured yet
        self.one_way = 0  # the forward half of `rtt`, by both ends' clocks: only differences mean anything; 0: unknown
        self.una = 0  # absolute sequence numbers, to tell round trips by: one is over when `una` passes what
        self.next = 0  # `next` was when it began
        self.ece = False  # it tells of marks (RFC 3168: the segment carried ECE)
        self.marked = 0  # bytes that are newly reported to have been marked CE (DCTCP's echo, accurate ECN)
        # -- delivery rate
        self.total_delivered = 0  # since the connection began [C.delivered]
        self.rate = 0  # bit/s [delivery_rate]; 0: no sample
        self.rate_delivered = 0  # bytes delivered in `interval` [rs.delivered]
        self.interval = 0  # ns [rs.interval]
        self.prior_delivered = 0  # `total_delivered` when the newest segment delivered was sent [rs.prior_delivered]
        self.app_limited = False  # the application, and not the network, limited the rate [rs.is_app_limited]
        self.in_flight_then = 0  # the pipe when that segment was sent, itself included [rs.tx_in_flight]
        self.lost_since = 0  # bytes declared lost between its sending and now [rs.lost]


class Control(ABC):
    """A window in bytes, the threshold between slow start and congestion avoidance, and a pace.

    Each verb that returns a text returns the cause to be traced, a few words; "" when nothing changed.
    """

    __slots__ = ("cwnd", "mss", "pacing_rate", "ssthresh")

    samples: ClassVar[bool] = False
    """Whether it needs delivery-rate samples: they cost a little on every segment."""

    steers_recovery: ClassVar[bool] = False
    """Whether `cwnd` is what may be in flight during recovery as well. Otherwise proportional rate reduction, or
    NewReno's inflation, decide until recovery ends."""

    measures_one_way: ClassVar[bool] = False
    """Whether it wants `Sample.one_way`."""

    counts_marks: ClassVar[bool] = False
    """Whether it answers marks in proportion to their number: with classic ECN the receiver then echoes each as it
    comes (RFC 8257 section 3.2), and the answer to a mark does not stand for the answer to a loss."""

    def __init__(self, start: Start) -> None:
        self.mss = start.mss
        self.cwnd = start.window
        self.ssthresh = UNLIMITED
        self.pacing_rate = 0  # bit/s; 0: as fast as the window allows, or as the sender's own pacing has it

    @abstractmethod
    def acknowledged(self, now: int, sample: Sample) -> str:
        """An acknowledgement delivered something, in recovery or not."""

    @abstractmethod
    def lost(self, now: int, in_flight: int) -> None:
        """A segment was lost while others got through: once for each window, on entering recovery. `in_flight` is
        FlightSize (RFC 5681): all that is unacknowledged."""

    def marked(self, now: int, in_flight: int) -> str:
        """The network marked instead of dropping (RFC 3168 section 6.1.2): at most once for each window. The answer
        to a mark is that to a loss, unless a control knows better."""
        self.lost(now, in_flight)
        return "ECN echo"

    @abstractmethod
    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        """The retransmission timer expired; `again`: for a loss that was answered already, by an earlier expiry or
        by a recovery that did not end."""

    @abstractmethod
    def recovered(self, now: int, in_flight: int) -> None:
        """All that was outstanding when the loss was found is acknowledged; `in_flight` and a segment more is all that
        the window may come to now, lest there be a burst."""

    @abstractmethod
    def undo(self, now: int) -> None:
        """The last reduction was for nothing: what was taken for lost had arrived (RFC 4015, DSACK, F-RTO)."""

    @abstractmethod
    def idle(self, now: int, restart_window: int) -> None:
        """Nothing was sent for longer than the RTO (RFC 5681 section 4.1)."""

    def resized(self, mss: int) -> None:
        """The path takes segments of `mss` bytes from now on, not of `self.mss`.

        Smaller ones: the window keeps their number, as Linux's does, or there would be a burst of more than it ever
        allowed. Larger ones: it keeps its bytes (RFC 4821 section 3).
        """
        if mss < self.mss:
            self.cwnd = max(self.cwnd * mss // self.mss, mss)
        self.mss = mss

    def transmitted(self, now: int, in_flight: int, app_limited: bool) -> None:
        """Segments are about to leave; `in_flight` does not count them. Called only with `samples`."""

    def segment_lost(self, now: int, size: int, lost_since: int, in_flight_then: int, app_limited: bool) -> None:
        """A segment of `size` bytes was declared lost, of which `Sample` would say the rest; `lost_since` counts it,
        and none that is declared after it. Called only with `samples`, before `lost`, and before the acknowledgement
        that showed the loss is told of."""

    @property
    def variables(self) -> Variables:
        """What it keeps inside and changes, by name, in fixed order."""
        return ()


class WindowBased(Control):
    """A control by window and threshold alone: what Reno, CUBIC and their kind have in common."""

    __slots__ = ("_undo",)

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._undo: tuple[int, int] | None = None  # cwnd and ssthresh before the last reduction

    def acknowledged(self, now: int, sample: Sample) -> str:
        # A window that was not filled is not tried, and does not grow (RFC 7661); in recovery none does, and none on an
        # acknowledgement that tells of congestion (RFC 3168 section 6.1.2).
        if sample.recovering or sample.ece or not sample.limited or sample.acked <= 0:
            return ""
        return self.grow(now, sample)

    @abstractmethod
    def grow(self, now: int, sample: Sample) -> str:
        """New data was acknowledged outside recovery, and the window was what limited the sender."""

    @abstractmethod
    def reduced(self, in_flight: int) -> int:
        """ssthresh after a loss with `in_flight` bytes unacknowledged, of those that the window allows.

        FlightSize counts what SACK says has arrived, as long as something before it is missing. When one recovery
        follows another there is more of it than the window, and a part of it might be more than the window as well.
        """

    def lost(self, now: int, in_flight: int) -> None:
        self.remember()
        self.ssthresh = self.reduced(min(in_flight, self.cwnd))
        self.cwnd = self.ssthresh

    def marked(self, now: int, in_flight: int) -> str:
        window = min(in_flight, self.cwnd)
        cause = super().marked(now, in_flight)
        if window < 4 * self.mss:  # marks take it to one segment, where a loss leaves two (RFC 3168 section 6.1.2)
            self.cwnd = max(window // 2, self.mss)
        return cause

    def timed_out(self, now: int, in_flight: int, again: bool) -> None:
        # RFC 5681 section 3.1 holds ssthresh constant for a segment that timed out before; section 4.3 wants one
        # reduction for the losses of one window. (After a recovery has inflated the window for long, half of what is
        # outstanding would even be more than before.)
        if not again:
            self.remember()
            self.ssthresh = self.reduced(min(in_flight, self.cwnd))
        self.cwnd = self.mss  # LW, the loss window

    def recovered(self, now: int, in_flight: int) -> None:
        # RFC 6582 section 3.2 step 3, first choice: no burst after recovery.
        self.cwnd = min(self.ssthresh, max(in_flight, self.mss) + self.mss)

    def remember(self) -> None:
        """A reduction follows, and may have to be undone."""
        self._undo = self.cwnd, self.ssthresh

    def undo(self, now: int) -> None:
        if self._undo is not None:
            cwnd, ssthresh = self._undo
            self.cwnd = max(self.cwnd, cwnd)
            self.ssthresh = max(self.ssthresh, ssthresh)
            self._undo = None

    def idle(self, now: int, restart_window: int) -> None:
        self.cwnd = min(restart_window, self.cwnd)


class ControlSpec(ABC):
    """A control's parameters, as YAML gives them."""

    @abstractmethod
    def build(self, start: Start) -> Control:
        """The control for one connection."""


def initial_window(segments: int, mss: int) -> int:
    """IW in bytes (RFC 6928 section 2, which has 10 segments)."""
    return min(segments * mss, max(2 * mss, segments * 1460))
