"""Chance as a parameter: named random streams from one seed.

Each component draws from a stream of its own, so that adding one leaves the draws of the others alone. The
streams are the same in every process, whatever PYTHONHASHSEED is: `random.Random` hashes a string seed with
SHA-512.
"""

from __future__ import annotations

import hashlib
from random import Random


def stream(seed: int, name: str) -> Random:
    """The random stream called `name`, e.g. `links.bottleneck/loss`, of the experiment's seed."""
    return Random(f"{seed}/{name}")


def derive(seed: int, name: str) -> int:
    """A seed of 48 bits for a part of an experiment (a repetition, a combination), fixed by `seed` and `name`."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
