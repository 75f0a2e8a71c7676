"""The Internet checksum (RFC 1071) as one division.

The 16-bit ones' complement sum of a message is its value as one big number modulo 0xFFFF, because
2^16 leaves 1: no loop over words, and a 32-bit field may be added as it is. Ones' complement has two zeros;
a sum that is a non-zero multiple of 0xFFFF is the negative one, 0xFFFF. No header that we sum is all zeros
(both contain the protocol number), so 0 modulo 0xFFFF always means 0xFFFF here.
"""

from __future__ import annotations

from typing import Final

MODULUS: Final = 0xFFFF

_PART: Final = 2048
"""Bytes (an even number). A division costs more than reading and adding, so long data is added up in parts first."""


def word_sum(data: bytes) -> int:
    """A number congruent to the sum of the 16-bit words of `data`; an odd last byte is followed by a zero."""
    length = len(data)
    if length <= _PART:
        value = int.from_bytes(data, "big")
        return (value << 8 if length & 1 else value) % MODULUS
    last = length - length % _PART
    parts = [int.from_bytes(data[at : at + _PART], "big") for at in range(0, last, _PART)]
    return (sum(parts) + word_sum(data[last:])) % MODULUS


def checksum(total: int) -> int:
    """The field that completes a sum of words to 0xFFFF. `total` is any non-zero number congruent to it."""
    remainder = total % MODULUS
    return MODULUS - remainder if remainder else 0


def verifies(total: int) -> bool:
    """Whether a sum that includes its checksum field is right."""
    return total % MODULUS == 0
