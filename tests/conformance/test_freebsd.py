"""FreeBSD's packetdrill scripts against our TCP (freebsd/LICENSE.md is theirs); `table.py` prints the summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from packetdrill.corpus import HERE, exceptions, judge, scripts
from packetdrill.freebsd import FreeBSD
from packetdrill.parser import parse
from packetdrill.runner import Runner
from rfc9293 import SITUATIONS

SUITE = "freebsd"
REASONS = exceptions(SUITE)

NEAR_THE_WRAP = {"as they come": {}, "numbers wrap": {"initial_sequence": 2**32 - 1, "remote_sequence": 2**32 - 50}}


def name_of_script(path: Path) -> str:
    return path.relative_to(HERE / SUITE).with_suffix("").as_posix()


@pytest.mark.parametrize("sequence_numbers", NEAR_THE_WRAP.values(), ids=NEAR_THE_WRAP.keys())
@pytest.mark.parametrize("path", scripts(SUITE), ids=name_of_script)
def test_script(path: Path, sequence_numbers: dict[str, int]) -> None:
    verdict = judge(path, SUITE, REASONS, **sequence_numbers)
    if verdict.outcome == "exception":
        pytest.xfail(verdict.text)
    assert verdict.outcome == "pass", verdict.text


# FreeBSD's buffer is 65700 bytes and its window field says 65535: the edges of the windows that its scripts probe.

SYNCHRONISED = [
    name for name, situation in SITUATIONS.items() if situation.state not in ("CLOSED", "LISTEN", "SYN-SENT")
]


@pytest.mark.parametrize("name", SYNCHRONISED)
def test_the_right_edge_is_the_buffers_and_not_the_fields(name: str) -> None:
    situation = SITUATIONS[name]
    window = 65535 if situation.passive else 65700  # a listener's connection has no buffer before the handshake ends
    opening = situation.script.replace("win 10000", "win 65535").replace("<mss 1460>", "<...>")
    challenge = f"+0 > . {situation.nxt}:{situation.nxt}(0) ack {situation.rcv} win 65535\n"
    edge = situation.rcv + window
    text = (
        f"{opening}\n+.01 < R {edge}:{edge}(0) win 32767\n"  # outside: nothing
        f"+.01 < R {edge - 1}:{edge - 1}(0) win 32767\n{challenge}"
    )
    script = parse(text)
    Runner(script, FreeBSD(script), tolerance=0, strict_end=True).run()
