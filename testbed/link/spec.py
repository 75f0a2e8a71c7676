"""One direction of a link as written in a file, key by key.

A key left out of YAML has the default here; `reverse:` gives the other direction a spec of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from testbed.errors import UnitError
from testbed.link.delay import JitterSpec
from testbed.link.drop_rule import Drop
from testbed.link.loss.model import LossSpec
from testbed.link.qdisc.droptail import DropTail
from testbed.link.qdisc.qdisc import QdiscSpec
from testbed.link.reorder import Reorder
from testbed.units import Duration, Rate, Share, Size

SMALLEST_MTU: Final = 68
"""Bytes: what every link must carry (RFC 791 section 3.2)."""

LARGEST_MTU: Final = 65535
"""Bytes: the largest packet that there can be (RFC 791 section 3.1)."""


@dataclass(frozen=True, kw_only=True)
class DirectionSpec:
    """What one direction of a link does to packets. The defaults do nothing: no delay, no loss."""

    rate: Rate | None = None
    """Bits a second, of IPv4 header and all that follows. Absent: infinitely fast, and nothing queues."""

    delay: Duration = 0
    """One way, from the last bit sent to its arrival. The round trip has both directions' delays."""

    jitter: JitterSpec | None = None
    """How the delay varies from packet to packet."""

    loss: LossSpec | None = None
    """Which packets are lost. They have been sent, and cost the link's time (`testbed list losses`)."""

    drop: tuple[Drop, ...] = ()
    """Exact packets to lose as they come to the link: numbers, or rules like `the first FIN from a`."""

    duplicate: Share = 0.0
    """Share of the packets that arrive twice, the second right behind the first."""

    corrupt: Share = 0.0
    """Share of the packets in which bits flip, so that the receiver's checksum refuses them."""

    reorder: Reorder | None = None
    """Which packets are held back, so that others overtake them."""

    queue: QdiscSpec = DropTail()  # noqa: RUF009 -- frozen
    """The queue before the serialiser (`testbed list qdiscs`)."""

    mtu: Size = 1500
    """Largest IPv4 packet, in bytes; a larger one is dropped, for we never fragment."""

    def __post_init__(self) -> None:
        for name, wrong, remedy in (
            (
                "rate",
                self.rate is not None and self.rate < 1,
                "must be at least 1bit/s; leave it out for no limit",
            ),
            ("mtu", self.mtu < SMALLEST_MTU, f"must be at least {SMALLEST_MTU}B (RFC 791)"),
            ("mtu", self.mtu > LARGEST_MTU, f"must be at most {LARGEST_MTU}B (RFC 791)"),
        ):
            if wrong:
                raise UnitError(f"{name} {remedy}")
