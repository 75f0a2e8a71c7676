"""Segments in every order, and overlapping in every way: what is acknowledged, SACKed and reported as duplicate.

The judge here keeps a set of bytes and a list of arrivals, nothing more (RFC 9293 section 3.10.7.4, RFC 2018 section
4, RFC 2883 section 4). FreeBSD's scripts have some of these orders and overlaps; here are all of them.
"""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from packetdrill.freebsd import FreeBSD
from packetdrill.parser import parse
from packetdrill.runner import Runner

ESTABLISHED = """
0 `sysctl -w net.inet.tcp.sack.enable=1`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1460,sackOK,eol,eol>
+0 > S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,eol,eol>
+0 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
"""

BUFFER = 65700

FIVE = ((1, 2), (2, 4), (4, 8), (8, 16), (16, 32))

ISLANDS = ((1, 100), (200, 300), (400, 500), (600, 700))

PLACES = (50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 650, 675, 700, 750)

NUMBERS = {"plain numbers": (None, 0), "numbers wrap": (2**32 - 1, 2**32 - 20)}


class Judge:
    """The receiver as the RFCs have it, for bytes from 1 up."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self.arrivals: list[tuple[int, int]] = []
        self.end: int | None = None  # where the FIN stands
        self.owed = 0  # segments that wait for an acknowledgement in common

    @property
    def in_order(self) -> int:
        """The first byte that is missing."""
        missing = 1
        while missing in self.held:
            missing += 1
        return missing

    def island(self, place: int) -> tuple[int, int]:
        """The stretch of bytes around one that is held."""
        start = end = place
        while start - 1 in self.held:
            start -= 1
        while end in self.held:
            end += 1
        return start, end

    def receive(self, start: int, end: int, fin: bool = False) -> str:
        """The acknowledgement that a segment causes at once, as a line of a script; "" if it may wait."""
        before, hole = self.in_order, bool(self.held) and max(self.held) >= self.in_order
        again = self.duplicate(start, end)
        self.held |= set(range(start, end))
        self.arrivals.append((start, end))
        if fin:
            self.end = end
        expected = self.in_order
        in_place = start <= before < end and not hole and not again
        self.owed += 1
        if in_place and self.owed < 2 and self.end != expected:
            return ""
        self.owed = 0
        window = min(BUFFER - (expected - 1), 65535)
        number = expected + 1 if self.end == expected else expected
        return f"> . 1:1(0) ack {number} win {window}{self.options(again)}"

    def duplicate(self, start: int, end: int) -> tuple[int, int] | None:
        """The first stretch of a segment that is held already."""
        first = next((place for place in range(start, end) if place in self.held), None)
        if first is None:
            return None
        return first, min(self.island(first)[1], end)

    def options(self, again: tuple[int, int] | None) -> str:
        """The duplicate first, then the islands, the one that grew last first; four at most."""
        blocks = [again] if again else []
        islands: list[tuple[int, int]] = []
        for start, _ in reversed(self.arrivals):
            island = self.island(start)
            if island[1] > self.in_order and island not in islands:
                islands.append(island)
        blocks = (blocks + islands)[:4]
        return " <nop,nop,sack " + " ".join(f"{left}:{right}" for left, right in blocks) + ">" if blocks else ""


def play(lines: list[str], numbers: tuple[int | None, int]) -> None:
    script = parse(ESTABLISHED + "\n".join(lines), FreeBSD.defined)
    ours, theirs = numbers
    Runner(script, FreeBSD(script), initial_sequence=ours, remote_sequence=theirs, tolerance=0, strict_end=True).run()


def arrive(judge: Judge, start: int, end: int, fin: bool = False) -> list[str]:
    """The lines for one segment, and for what the application can look at afterwards."""
    flags = "F." if fin else "."
    lines = [f"+0 < {flags} {start}:{end}({end - start}) ack 1 win 65535"]
    answer = judge.receive(start, end, fin)
    if answer:
        lines.append(f"+0 {answer}")
    if judge.in_order > 1:
        lines.append(f"+0 recv(4, ..., 2048, MSG_PEEK) = {judge.in_order - 1}")
    return lines


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("fin", [False, True], ids=["", "with FIN"])
@pytest.mark.parametrize("first", range(5), ids=lambda first: f"{first + 1} first")
def test_five_segments_in_every_order(first: int, fin: bool, numbers: tuple[int | None, int]) -> None:
    for order in permutations(range(5)):
        if order[0] != first:
            continue
        judge, lines = Judge(), []
        for index in order:
            lines += arrive(judge, *FIVE[index], fin and index == 4)
        if judge.owed:
            lines.append("+.04 > . 1:1(0) ack 32 win 65535")  # the one that waits
        lines += ["+0 recv(4, ..., 2048, 0) = 31", *(["+0 recv(4, ..., 2048, 0) = 0"] if fin else [])]
        play(lines, numbers)


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("start", PLACES[:-1])
def test_a_segment_over_islands_in_every_way(start: int, numbers: tuple[int | None, int]) -> None:
    for left, end in combinations(PLACES, 2):
        if left != start:
            continue
        judge, lines = Judge(), []
        for island in ISLANDS:
            lines += arrive(judge, *island)
        lines += arrive(judge, left, end)
        lines += arrive(judge, 1, 800)
        lines += ["+0 recv(4, ..., 2048, 0) = 799", "+.1 < F. 800:800(0) ack 1 win 65535"]
        lines += ["+0 > . 1:1(0) ack 801 win 65535", "+0 recv(4, ..., 2048, 0) = 0"]
        play(lines, numbers)


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
def test_the_same_segment_again_is_reported_wherever_it_lies(numbers: tuple[int | None, int]) -> None:
    for again in ISLANDS:
        judge, lines = Judge(), []
        for island in (*ISLANDS, again, again):
            lines += arrive(judge, *island)
        play(lines, numbers)
