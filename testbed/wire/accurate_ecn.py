"""The option of accurate ECN between counters and bytes (RFC 9768 section 3.2.3).

It has two kinds, which differ in the order of their three counters, and leaves out from the end what need not be told.
Nobody but the transport needs it taken apart: on a segment it is among the unknown ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from testbed.wire.packet import CE, ECT0, ECT1
from testbed.wire.segment import Segment

ORDER_0: Final = 172
ORDER_1: Final = 174

ORDERS: Final = {ORDER_0: (ECT0, CE, ECT1), ORDER_1: (ECT1, CE, ECT0)}
"""Whose bytes each kind's counters count."""

CYCLE: Final = 1 << 24
"""Counters are modulo this."""

_FIELD: Final = 3
_HEADER: Final = 2

Counters = dict[int, int]
"""Bytes by codepoint; a codepoint that an option leaves out is not in it."""


def counters(segment: Segment) -> Counters | None:
    """What the option on `segment` says; None without one. Of an odd length what is whole counts."""
    for kind, body in segment.unknown:
        order = ORDERS.get(kind)
        if order is not None:
            starts = range(0, min(len(body), len(order) * _FIELD) - _FIELD + 1, _FIELD)
            return {
                codepoint: int.from_bytes(body[start : start + _FIELD], "big")
                for codepoint, start in zip(order, starts, strict=False)
            }
    return None


def put_counters(segment: Segment, kind: int, received: Sequence[int], fields: int) -> None:
    """The option with the first `fields` counters of its kind, out of the bytes `received` by codepoint."""
    body = b"".join([(received[one] % CYCLE).to_bytes(_FIELD, "big") for one in ORDERS[kind][:fields]])
    segment.unknown += ((kind, body),)


def padded(fields: int) -> int:
    """Bytes that the option takes with so many counters, with what fills it up."""
    return _HEADER + _FIELD * fields + 3 & ~3
