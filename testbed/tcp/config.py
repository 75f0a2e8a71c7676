"""Every setting of our TCP, with the RFC's default and its clause.

The YAML key, the attribute and the column of a sweep's table are one word. Times are ns, sizes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion.base import ControlSpec
from testbed.tcp.congestion.cubic import CubicSpec
from testbed.units import Count, Duration, Size

MAX_WINDOW_SCALE: Final = 14  # RFC 7323 section 2.3


@dataclass(frozen=True, kw_only=True)
class TcpConfig:
    """One end's settings. Which of them may differ between the ends: all, for each speaks for itself."""

    # -- congestion control ------------------------------------------------------------------------------------------

    congestion: ControlSpec = CubicSpec()  # noqa: RUF009 -- frozen
    """The congestion control, by its name in `testbed list controls`, with its parameters: `cubic`, or
    `{control: cubic, beta: 0.5}`."""

    initial_window: Count = 10
    """Segments sent before the first acknowledgement (RFC 6928 section 2: min(10·MSS, max(2·MSS, 14600)))."""

    dupack_threshold: Count = 3
    """Duplicate acknowledgements that mean loss (RFC 5681 section 3.2)."""

    limited_transmit: bool = True
    """Send a new segment for each of the first two duplicate acknowledgements (RFC 5681 section 3.2, RFC 3042)."""

    idle_restart: bool = True
    """Restart from the initial window after being idle for longer than the RTO (RFC 5681 section 4.1)."""

    abe: bool = False
    """Answer an ECN mark more gently than a loss (RFC 8511)."""

    pacing: Literal["auto", "on", "off"] = "auto"
    """Let segments leave one by one and not in bursts. Auto: if the congestion control wants it, as BBR does."""

    # -- explicit congestion notification ----------------------------------------------------------------------------

    ecn: Literal["off", "classic", "accurate"] = "off"
    """Let routers mark packets instead of dropping them. Classic: at most one signal in a round trip (RFC 3168), or
    with `dctcp` an exact echo (RFC 8257). Accurate: marks are counted (RFC 9768), unless the peer has classic only."""

    ecn_option: bool = True
    """Tell how many bytes were marked in accurate ECN's option, besides the number of packets, modulo eight, in the
    header (RFC 9768 section 3.2.3). Without it the peer must assume marks where acknowledgements are lost."""

    ecn_retries: Count = 1
    """How many repetitions of a SYN, or SYN-ACK, still ask for ECN, before it is taken for what is in the way (RFC 9768
    section 3.1.4.1: at least one; RFC 3168 section 6.1.1.1 allows none)."""

    # -- loss recovery -----------------------------------------------------------------------------------------------

    rack: bool = True
    """Find losses by time: what was sent before something that has arrived is lost after a reordering window
    (RFC 8985). Off, or without SACK: by counting (RFC 6675, RFC 5681)."""

    tail_loss_probe: bool = True
    """Probe when nothing is heard for two round trips, so that a lost tail needs no timeout (RFC 8985 section 7)."""

    rate_reduction: Literal["rfc9937", "rfc6937", "off"] = "rfc9937"
    """Shrink the window in proportion to what arrives during recovery (PRR), as RFC 9937 or RFC 6937 has it. Off: at
    once. Without SACK there is none."""

    dsack: bool = True
    """Report to the peer what has come twice (RFC 2883)."""

    eifel: bool = True
    """Undo a reduction when the original is acknowledged, as timestamps show (RFC 3522, RFC 4015)."""

    dsack_undo: bool = True
    """Undo a reduction when every retransmission is reported to have come twice (RFC 3708)."""

    frto: bool = True
    """Undo a timeout when what was sent once only is acknowledged next (RFC 5682)."""

    # -- path MTU ----------------------------------------------------------------------------------------------------

    path_mtu_discovery: Literal["off", "icmp", "probe"] = "icmp"
    """How large a packet may be to get through. Icmp: what routers say (RFC 1191). Probe: begin with 1200 bytes and
    try more (RFC 8899, RFC 4821); routers are heard as well. Off: neither."""

    black_hole_detection: bool = False
    """After `r1` timeouts try smaller packets, and then search for larger ones: some router may drop large ones and
    say nothing (RFC 8899 section 4.3, RFC 2923). `probe` has it always."""

    path_mtu_lifetime: Duration = 600 * SECOND
    """After this time larger packets are tried again (RFC 1191 section 6.3: 10 min; RFC 8899: 600 s). 0: never."""

    # -- retransmission ----------------------------------------------------------------------------------------------

    rto_initial: Duration = 1 * SECOND
    """Retransmission timeout before the first round-trip sample (RFC 6298 section 2.1)."""

    rto_min: Duration = 1 * SECOND
    """Least retransmission timeout (RFC 6298 section 2.4: SHOULD be 1 s; Linux has 200 ms)."""

    rto_max: Duration = 60 * SECOND
    """Greatest retransmission timeout, backed off or not (RFC 6298 section 2.5: at least 60 s)."""

    syn_retries: Count = 7
    """R2 for SYN and SYN-ACK: retransmissions before giving up (RFC 9293 MUST-23: at least 3 min; 7 give 183 s)."""

    data_retries: Count = 15
    """R2 for data and FIN: retransmissions before giving up (RFC 9293 section 3.8.3: SHOULD be at least 100 s)."""

    r1: Count = 3
    """Retransmissions after which the trace notes that the path may be bad (RFC 9293 section 3.8.3: at least 3)."""

    user_timeout: Duration = 0
    """Give up when data stays unacknowledged for this long (RFC 9293 section 3.9.1.1). 0: `data_retries` decides."""

    user_timeout_option: bool = False
    """Tell the peer our `user_timeout`, and wait as long as the longer of both (RFC 5482)."""

    user_timeout_min: Duration = 100 * SECOND
    """Least `user_timeout` that both may come to by the option (RFC 5482 section 3.1, L_LIMIT: at least 100 s)."""

    user_timeout_max: Duration = 3600 * SECOND
    """Greatest `user_timeout` that a peer may ask for by the option (RFC 5482 section 3.1, U_LIMIT)."""

    # -- buffers and windows -----------------------------------------------------------------------------------------

    send_buffer: Size = 4 * 2**20
    """Bytes that the application may write ahead of their acknowledgement."""

    receive_buffer: Size = 4 * 2**20
    """Bytes held for the application: the largest window that is advertised."""

    auto_tuning: bool = False
    """Begin with a receive buffer of `receive_buffer_initial`, and let it grow up to `receive_buffer` as the
    application takes what arrives (dynamic right-sizing). It never shrinks."""

    receive_buffer_initial: Size = 64 * 2**10
    """Bytes that the receive buffer begins with when `auto_tuning` is on."""

    window_scaling: bool = True
    """Offer window scaling, so that windows above 65535 bytes can be advertised (RFC 7323 section 2)."""

    mss: Size = 0
    """Largest segment to send or to accept, in bytes of data and options. 0: what the interface's MTU allows
    (RFC 9293 section 3.7.1: MTU less 40)."""

    # -- acknowledgements and small segments -------------------------------------------------------------------------

    nagle: bool = True
    """Hold back a small segment while data is unacknowledged (RFC 9293 section 3.7.4, RFC 896)."""

    delayed_ack: Duration = 200 * MILLISECOND
    """Longest time that an acknowledgement waits for company (RFC 9293 MUST-40: below 500 ms). 0: none waits."""

    ack_every: Count = 2
    """Full-sized segments that are acknowledged at once, together (RFC 9293 SHLD-18: every second)."""

    ack_any_size: bool = False
    """Let segments of any size count towards `ack_every`, as BSD does. Otherwise their bytes count, in full-sized
    segments (RFC 5681 section 4.2)."""

    sws_override: Duration = 200 * MILLISECOND
    """Longest time that silly-window avoidance holds data back (RFC 9293 section 3.8.6.2.1: 0.1 to 1 s)."""

    sack: bool = True
    """Offer selective acknowledgements, and send them when the peer offers too (RFC 2018)."""

    timestamps: bool = True
    """Offer timestamps, for round-trip samples and protection against wrapped sequence numbers (RFC 7323)."""

    timestamp_tick: Duration = 1 * MILLISECOND
    """The timestamp clock's period (RFC 7323 section 5.4: 1 ms to 1 s)."""

    backlog: Count = 128
    """For an end that listens: connections that may wait to be accepted. While as many do, no SYN is answered
    (RFC 9293 section 3.9.1.1 leaves it to us; Linux's `somaxconn` was 128 for long)."""

    syn_backlog: Count = 128
    """For an end that listens: connections whose handshake may be under way (RFC 4987 section 2)."""

    syn_cookies: bool = False
    """For an end that listens: when `syn_backlog` is full, answer a SYN without keeping anything of it, by a sequence
    number that says all (RFC 4987 section 3.6). Such connections have no options but the MSS."""

    fast_open: bool = False
    """Send data with the SYN to a server that has given us a cookie, and take it from who has one of ours (RFC 7413).
    Applications are told that they are connected as soon as they may write."""

    fast_open_backlog: Count = 16
    """For an end that listens: connections that fast open may have begun before their handshake is over (RFC 7413
    section 5.1, PendingFastOpenRequests)."""

    # -- long waits --------------------------------------------------------------------------------------------------

    msl: Duration = 120 * SECOND
    """Maximum segment lifetime; TIME-WAIT lasts twice as long (RFC 9293 section 3.4.2)."""

    fin_wait_2_timeout: Duration = 60 * SECOND
    """How long an orphan waits in FIN-WAIT-2 for the peer's FIN, once the application is gone. 0: for ever
    (not in RFC 9293, which allows a half close to last; every common stack has it)."""

    time_wait_reuse: bool = False
    """Let a new connection take the place of one in TIME-WAIT, where timestamps or sequence numbers tell its segments
    from old ones (RFC 6191)."""

    keepalive: bool = False
    """Probe an idle connection (RFC 9293 section 3.8.4, MUST-25: off by default)."""

    keepalive_idle: Duration = 7200 * SECOND
    """Idle time before the first probe (RFC 9293 MUST-28: no less than two hours by default)."""

    keepalive_interval: Duration = 75 * SECOND
    """Time between probes."""

    keepalive_probes: Count = 9
    """Unanswered probes after which the connection is given up."""

    # -- defence -----------------------------------------------------------------------------------------------------

    challenge_ack_limit: Count = 10
    """Challenge acknowledgements in an interval (RFC 5961 section 7). Only answers to suspicious segments count:
    honest duplicates are always acknowledged."""

    challenge_ack_interval: Duration = 5 * SECOND
    """The interval of `challenge_ack_limit` (RFC 5961 section 7: 5 s)."""

    # -- for lessons and tests ---------------------------------------------------------------------------------------

    initial_sequence: Count | None = None
    """The initial sequence number to use instead of RFC 6528's, to see it wrap."""

    def __post_init__(self) -> None:
        """Refuse what cannot work together; the message names the setting first."""
        for name, wrong, remedy in (
            ("rto_max", self.rto_max < self.rto_min, "must not be below rto_min"),
            ("rto_min", self.rto_min < MILLISECOND, "must be at least 1ms"),
            ("rto_initial", self.rto_initial < MILLISECOND, "must be at least 1ms"),
            ("keepalive_idle", self.keepalive_idle < MILLISECOND, "must be at least 1ms"),
            ("keepalive_interval", self.keepalive_interval < MILLISECOND, "must be at least 1ms"),
            ("delayed_ack", self.delayed_ack >= SECOND // 2, "must be below 500ms (RFC 9293 MUST-40)"),
            ("initial_window", self.initial_window < 1, "must be at least 1 segment"),
            ("dupack_threshold", self.dupack_threshold < 1, "must be at least 1"),
            ("ack_every", self.ack_every < 1, "must be at least 1"),
            ("backlog", self.backlog < 1, "must be at least 1"),
            ("receive_buffer", self.receive_buffer < 1, "must be at least 1B"),
            ("syn_backlog", self.syn_backlog < 1, "must be at least 1"),
            ("receive_buffer_initial", self.receive_buffer_initial < 1, "must be at least 1B"),
            ("user_timeout_max", self.user_timeout_max < self.user_timeout_min, "must not be below user_timeout_min"),
            ("send_buffer", self.send_buffer < 1, "must be at least 1B"),
            ("mss", self.mss != 0 and self.mss < 32, "must be at least 32B, or 0 to follow the MTU"),
            ("timestamp_tick", not MILLISECOND <= self.timestamp_tick <= SECOND, "must lie between 1ms and 1s"),
            ("initial_sequence", (self.initial_sequence or 0) >= 2**32, "must be below 2**32"),
        ):
            if wrong:
                raise UnitError(f"{name} {remedy}")

    @property
    def first_receive_buffer(self) -> int:
        """How large the receive buffer is in the beginning."""
        return min(self.receive_buffer_initial, self.receive_buffer) if self.auto_tuning else self.receive_buffer

    @property
    def window_scale(self) -> int:
        """The shift to offer: the least that lets the whole receive buffer be advertised (RFC 7323 section 2.3)."""
        shift = 0
        while self.receive_buffer >> shift > 0xFFFF and shift < MAX_WINDOW_SCALE:
            shift += 1
        return shift


SETTINGS: Final = tuple(field.name for field in fields(TcpConfig))
