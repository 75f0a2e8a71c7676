"""Tail loss probes: when nothing is heard for two round trips, the last segment is sent again, or a new one, so that
its acknowledgement shows what is lost, and the timeout need not (RFC 8985 section 7)."""

from __future__ import annotations

from typing import Final

from testbed.clock import SECOND

WITHOUT_SAMPLE: Final = 1 * SECOND
"""The probe timeout before there is a round-trip sample (section 7.2)."""


class TailProbe:
    """At most one probe is out; names of the RFC in brackets."""

    __slots__ = ("_patience", "end", "retransmitted", "sampled")

    def __init__(self, patience: int) -> None:
        self._patience = patience  # ns that a lone segment's acknowledgement may be delayed [max_ack_delay]
        self.end = 0  # SND.NXT when the probe that is out was sent [TLP.end_seq]; 0: none is
        self.retransmitted = False  # whether it was a retransmission [TLP.is_retrans]
        self.sampled = True  # a round trip was measured since the last probe

    def timeout(self, srtt: int, alone: bool, until_rto: int) -> int:
        """How long to wait (ns) [TLP_calc_PTO]; `alone`: one segment is in flight, whose acknowledgement may wait."""
        wait = 2 * srtt + (self._patience if alone else 0) if srtt else WITHOUT_SAMPLE
        return wait if wait < until_rto else until_rto

    def sent(self, next_seq: int, again: bool) -> None:
        """A probe has left."""
        self.end = next_seq
        self.retransmitted = again
        self.sampled = False

    def answered(self, ack: int, duplicate_told: bool, pure_duplicate: bool) -> bool:
        """An acknowledgement has come; True when it shows that the probe has repaired a loss, which nobody has
        answered for yet [TLP_process_ack]. `pure_duplicate`: it acknowledges nothing, and carries no SACK."""
        if not self.end or ack < self.end:
            return False
        if not self.retransmitted or duplicate_told:
            self.end = 0  # new data, or a DSACK: the original had arrived as well
            return False
        if ack > self.end:
            self.end = 0
            return True
        if pure_duplicate:
            self.end = 0  # both copies were acknowledged
        return False
