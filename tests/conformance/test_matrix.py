"""Every state × every kind of segment × every place about the window × every kind of acknowledgement.

The judge is `rfc9293`. FreeBSD's scripts have some of these cells; here are all of them, in our own words.
"""

from __future__ import annotations

from itertools import product

import pytest
from packetdrill.parser import parse
from packetdrill.plain import WINDOW, Plain
from packetdrill.runner import Runner
from rfc9293 import SITUATIONS, Arrival, Situation, answer

KINDS = {
    "none": ("-", 0), "text without ACK": ("P", 3), "SYN": ("S", 0), "SYN with text": ("S", 3), "SYN-ACK": ("S.", 0),
    "SYN-FIN": ("SF", 0), "SYN-RST": ("SR", 0), "ACK": (".", 0), "text": (".", 3), "FIN": ("F", 0),
    "FIN-ACK": ("F.", 0), "FIN-ACK with text": ("F.", 3), "RST": ("R", 0), "RST-ACK": ("R.", 0),
    "RST with text": ("R", 3),
}  # fmt: skip

PLACES = {"outside left": -1, "left edge": 0, "middle": WINDOW // 2, "right edge": WINDOW - 1, "outside right": WINDOW}

ACKNOWLEDGED = ("nothing new", "everything", "too much", "just not too old", "too old")

NUMBERS = {"plain numbers": (None, 0), "numbers wrap": (2**32 - 1, 2**32 - 1)}


def arrivals(situation: Situation) -> dict[str, Arrival]:
    """Every segment to try in a situation, by name."""
    found = {}
    places = PLACES if situation.rcv else {"anywhere": 100}
    for (kind, (flags, size)), (place, offset), acked in product(KINDS.items(), places.items(), ACKNOWLEDGED):
        if "." in flags:
            name, ack = f"{kind}, {place}, acknowledges {acked}", acknowledgement(situation, acked)
        elif acked == ACKNOWLEDGED[0]:
            name, ack = f"{kind}, {place}", 0
        else:
            continue
        found[name] = Arrival(flags, situation.rcv + offset, ack, size)
    return found


def acknowledgement(situation: Situation, acked: str) -> int:
    return {
        "nothing new": situation.una,
        "everything": situation.nxt,
        "too much": situation.nxt + 1,
        "just not too old": situation.una - WINDOW,
        "too old": situation.una - WINDOW - 1,
    }[acked]


def script_of(situation: Situation, arrival: Arrival) -> str:
    """The way there, the segment, what is expected of it, and a tenth of a second of silence afterwards."""
    expected = answer(situation, arrival)
    seq, end = arrival.seq & 0xFFFFFFFF, arrival.seq + arrival.size & 0xFFFFFFFF
    ack = f" ack {arrival.ack & 0xFFFFFFFF}" if "." in arrival.flags else ""
    lines = [
        situation.script,
        f"+.1 < {arrival.flags} {seq}:{end}({arrival.size}){ack} win {WINDOW}",
        f"+0 {expected.line}" if expected.line else "",
        f"+.1 %{{ assert tcpi_state == {expected.state.replace('-', '_')} }}%",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("name", SITUATIONS)
def test_every_segment_gets_the_answer_of_the_rfc(name: str, numbers: tuple[int | None, int]) -> None:
    ours, theirs = numbers
    wrong = []
    for what, arrival in arrivals(SITUATIONS[name]).items():
        script = parse(script_of(SITUATIONS[name], arrival))
        try:
            Runner(
                script, Plain(script), initial_sequence=ours, remote_sequence=theirs, tolerance=0, strict_end=True
            ).run()
        except AssertionError as mismatch:
            wrong.append(f"{what}: {mismatch}")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
