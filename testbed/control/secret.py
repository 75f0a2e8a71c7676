"""The secret that a controller and its agents share: where it comes from, and what it proves.

It is made for each run, or read from a file or the environment; it is never an argument of a command, which others
on the machine could read, and it never crosses the network. Each side proves that it knows it by a keyed hash of
what both have said (HMAC-SHA256, RFC 2104), and the same secret seals every frame that follows.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from testbed.errors import ConfigError

VARIABLE: Final = "TESTBED_SECRET"
"""The environment's name for it."""

SHORTEST: Final = 16
"""Bytes: whoever overhears a handshake may try secrets at leisure, so that a word will not do."""

SEAL_LENGTH: Final = 16
"""Bytes of a frame's seal."""

_MAKE_ONE: Final = "make one: (umask 077; openssl rand -hex 32 > secret)"


def make_secret() -> str:
    """A new one, for the agents of one run."""
    return secrets.token_hex(32)


def make_nonce() -> str:
    """What makes a handshake unlike any other."""
    return secrets.token_hex(16)


def find_secret(file: Path | None, environment: MutableMapping[str, str] = os.environ) -> bytes:
    """The secret in `file`, or else the environment's, which is taken out of it: programs started from here, and
    guests, have no business with it. Raises ConfigError."""
    given = environment.pop(VARIABLE, None)
    if file is not None:
        return _checked(_read(file), str(file))
    if given is None:
        raise _problem("", f"no secret: use --secret-file, or set {VARIABLE}", _MAKE_ONE)
    return _checked(given.encode(), VARIABLE)


def _read(file: Path) -> bytes:
    try:
        if file.is_file() and file.stat().st_mode & 0o077:
            raise _problem(str(file), "others may read this secret", f"chmod 600 {file}")
        return file.read_bytes()
    except OSError as error:
        raise _problem(str(file), f"cannot be read: {error.strerror or error}", _MAKE_ONE) from error


def _checked(secret: bytes, place: str) -> bytes:
    secret = secret.strip()
    if len(secret) < SHORTEST:
        raise _problem(place, f"a secret of {len(secret)} bytes, at least {SHORTEST} are needed", _MAKE_ONE)
    return secret


def _problem(place: str, message: str, remedy: str) -> ConfigError:
    return ConfigError.of(message, file=place, suggestion=remedy)


# -- proofs -----------------------------------------------------------------------------------------------------------


def proof(secret: bytes, who: str, said: bytes) -> str:
    """What `who` answers to show that it knows the secret; `said` is all that was said before, by both."""
    return _keyed(secret, f"proof of the {who}", said).hex()


def proves(answer: object, secret: bytes, who: str, said: bytes) -> bool:
    """Whether `answer` is `who`'s proof, in a time that does not depend on where it is wrong."""
    return isinstance(answer, str) and hmac.compare_digest(answer.encode(), proof(secret, who, said).encode())


class Seal:
    """Marks the frames that `who` sends, so that none is forged, changed, left out or played again."""

    def __init__(self, secret: bytes, who: str, said: bytes) -> None:
        self._key = _keyed(secret, f"frames of the {who}", said)
        self._count = 0

    def next(self, *parts: bytes) -> bytes:
        """The seal of the next frame, which is made of `parts`."""
        mark = hmac.new(self._key, self._count.to_bytes(8), "sha256")
        for part in parts:
            mark.update(part)
        self._count += 1
        return mark.digest()[:SEAL_LENGTH]


def _keyed(secret: bytes, purpose: str, said: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + said, "sha256")
