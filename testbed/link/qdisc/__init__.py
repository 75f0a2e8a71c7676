"""The queue before a link's serialiser, by its discipline."""

from __future__ import annotations

from typing import Final

from testbed.link.qdisc.droptail import DropTail
from testbed.link.qdisc.qdisc import QdiscSpec

QDISCS: Final[dict[str, type[QdiscSpec]]] = {
    "droptail": DropTail,
}
