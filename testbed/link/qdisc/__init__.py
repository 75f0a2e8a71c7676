"""The queue before a link's serialiser, by its discipline."""

from __future__ import annotations

from typing import Final

from testbed.link.qdisc.codel import Codel
from testbed.link.qdisc.droptail import DropTail
from testbed.link.qdisc.fq_codel import FqCodel
from testbed.link.qdisc.pie import Pie
from testbed.link.qdisc.qdisc import QdiscSpec
from testbed.link.qdisc.red import Red

QDISCS: Final[dict[str, type[QdiscSpec]]] = {
    "droptail": DropTail,
    "red": Red,
    "codel": Codel,
    "fq-codel": FqCodel,
    "pie": Pie,
}
