"""Which packets a link loses by chance, or by rote. `loss: 1%` is short for `{model: bernoulli, p: 1%}`."""

from __future__ import annotations

from typing import Final

from testbed.link.loss.bernoulli import Bernoulli
from testbed.link.loss.gilbert_elliott import GilbertElliott
from testbed.link.loss.model import LossSpec
from testbed.link.loss.periodic import Periodic

LOSSES: Final[dict[str, type[LossSpec]]] = {
    "bernoulli": Bernoulli,
    "gilbert-elliott": GilbertElliott,
    "periodic": Periodic,
}
