"""What one end of a connection has counted. Plain integers, read by metrics and by `Socket.stats`."""

from __future__ import annotations

from typing import Final


class ConnectionStats:
    """Counters from the connection's beginning; bytes are payload bytes."""

    __slots__ = (
        "bytes_acked", "bytes_marked", "bytes_read", "bytes_received", "bytes_retransmitted", "bytes_sent",
        "ce_received", "challenge_acks_sent", "data_segments_received", "data_segments_sent", "duplicate_acks_received",
        "duplicate_segments_received", "duplicates_reported", "ece_received", "ecn_reductions", "ect_sent",
        "fast_retransmits", "keepalive_probes_sent", "lost_segments", "mtu_probes_lost", "mtu_probes_sent",
        "network_errors_received", "out_of_order_segments_received",
        "path_mtu_reductions", "resets_received", "resets_sent", "retransmitted_segments", "rtt_samples",
        "segments_marked", "segments_received", "segments_rejected", "segments_sent", "spurious_recoveries",
        "tail_probes_sent", "timeouts", "window_probes_sent", "window_updates_sent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.segments_sent = 0
        self.data_segments_sent = 0
        self.retransmitted_segments = 0
        self.bytes_sent = 0
        self.bytes_retransmitted = 0
        self.bytes_acked = 0
        self.segments_received = 0
        self.data_segments_received = 0
        self.segments_rejected = 0
        self.duplicate_segments_received = 0
        self.out_of_order_segments_received = 0
        self.duplicate_acks_received = 0
        self.bytes_received = 0
        self.bytes_read = 0
        self.timeouts = 0
        self.fast_retransmits = 0
        self.rtt_samples = 0
        self.lost_segments = 0
        self.spurious_recoveries = 0
        self.duplicates_reported = 0
        self.tail_probes_sent = 0
        self.window_probes_sent = 0
        self.window_updates_sent = 0
        self.keepalive_probes_sent = 0
        self.challenge_acks_sent = 0
        self.network_errors_received = 0
        self.path_mtu_reductions = 0
        self.mtu_probes_sent = 0
        self.mtu_probes_lost = 0
        self.ect_sent = 0
        self.ce_received = 0
        self.ece_received = 0
        self.segments_marked = 0
        self.bytes_marked = 0
        self.ecn_reductions = 0
        self.resets_sent = 0
        self.resets_received = 0

    def as_dict(self) -> dict[str, int]:
        """Every counter by name."""
        return {name: getattr(self, name) for name in COUNTERS}


COUNTERS: Final = tuple(sorted(ConnectionStats.__slots__))
