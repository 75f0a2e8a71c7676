"""What stands on an arrow of the ladder: the segment's fields, and what was out of the ordinary about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from testbed.report.connection.exchange import Arrow, Exchange

EXPECTED: Final = frozenset(
    {"", "open", "new data", "close", "acknowledgement", "acknowledgement of SYN", "acknowledgement of FIN"}
)
"""Reasons that go without saying."""

SHORT: Final = {"retransmission timeout": "RTO"}
"""Reasons that have a short name in the RFCs."""

_MASK: Final = 0xFFFFFFFF


class Labels:
    """Words for the arrows of one exchange.

    Sequence numbers count from the SYN, and windows are scaled; with `absolute`, both are as they stand on the wire.
    """

    def __init__(self, exchange: Exchange, *, absolute: bool = False) -> None:
        self._bases = (0, 0) if absolute else exchange.bases
        self._scales = (0, 0) if absolute else exchange.scales

    def label(self, arrow: Arrow, room: int) -> str:
        """At most `room` characters: the less telling parts are left out first."""
        parts = list(self._parts(arrow))
        for left_out in _ways_to_shorten(arrow):
            text = " ".join(part for name, part in parts if part and name not in left_out)
            if len(text) <= room:
                return text
        return f"{text[: room - 1]}…"

    def _parts(self, arrow: Arrow) -> Iterator[tuple[str, str]]:
        row, side = arrow.row, arrow.side
        flags = str(row["flags"]).split(",")
        own, others = self._bases[side], self._bases[1 - side]
        yield "flags", str(row["flags"])
        yield "seq", f"seq={(row['seq'] - own) & _MASK}"
        yield "ack", f"ack={(row['ack'] - others) & _MASK}" if "ACK" in flags else ""
        yield "len", f"len={row['length']}" if row["length"] else ""
        yield "urg", f"urg={row.get('urgent_pointer')}" if "URG" in flags else ""
        yield "why", _why(arrow)
        yield "remark", "" if arrow.again or row["reason"] in EXPECTED else f"({row['reason']})"
        yield "win", f"win={row['window'] << (0 if 'SYN' in flags else self._scales[side])}"
        yield "mss", f"mss={row['mss']}" if row.get("mss") else ""
        yield "sack", f"sack={_sack(row['sack'], others)}" if row.get("sack") else ""


def _ways_to_shorten(arrow: Arrow) -> Iterator[tuple[str, ...]]:
    """Names of the parts to leave out, from none to most. SACK blocks tell more than the reason, if they fit."""
    yield ()
    if arrow.row.get("sack"):
        yield ("remark",)
        yield ("remark", "win")
    first = ("win", "remark") if arrow.row["length"] else ("remark", "win")
    spare = ("sack", *first, "mss", "ack", "len", "seq")
    yield from (spare[:count] for count in range(1, len(spare) + 1))


def _why(arrow: Arrow) -> str:
    """What is out of the ordinary: it was sent again, copied on the way, or refused on arrival."""
    if arrow.foreign:
        return " ".join(["(of another connection)", *([f"→ {arrow.note}"] if arrow.note else [])])
    if arrow.duplicate:
        return "(copied by a link)"
    reason = str(arrow.row["reason"])
    told = [f"↻ {SHORT.get(reason, reason)}".rstrip()] if arrow.again else []
    told += [f"→ {arrow.note}"] if arrow.note else []
    return " ".join(told)


def _sack(blocks: str, base: int) -> str:
    """`1000-2000 3000-4000` counted from `base`, without spaces."""
    edges = [[(int(edge) - base) & _MASK for edge in block.split("-")] for block in blocks.split()]
    return ",".join(f"{left}-{right}" for left, right in edges)
