"""The ladder is looked at: these pictures are what a person sees in a terminal of 80 columns."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.report.connection.exchange import exchange
from testbed.report.connection.ladder import WIDEST, Ladder


def picture(story: Any, limit: int | None = None, **options: Any) -> str:
    ladder = Ladder(exchange(story.segments, story.states), **options)
    return "\n" + "\n".join(line.plain for line in ladder.lines(limit)) + "\n"


HANDSHAKE = """
      client                       time in ms                       server
      CLOSED │                                                    │ LISTEN
       0.000 │── SYN seq=0 win=65535 ────────────────────────────▶│ 20.000
    SYN-SENT │                                                    │ SYN-RECEIVED
      40.000 │◀────────────────── SYN,ACK seq=0 ack=1 win=65535 ──│ 20.000
 ESTABLISHED │                                                    │
      40.000 │── ACK seq=1 ack=1 win=65535 ──────────────────────▶│ 60.000
             │                                                    │ ESTABLISHED
                                   3 segments
"""

LOSS = """
      client                       time in ms                       server
       0.000 │── ACK seq=0 ack=0 len=1000 win=65535 ─────────────▶│ 20.000
       1.000 │── ACK seq=1000 ack=0 len=1000 ────✗ loss (l1)      │
       2.000 │── ACK seq=2000 ack=0 len=1000 win=65535 ──────────▶│ 22.000
      40.000 │◀─────────────────── ACK seq=0 ack=1000 win=65535 ──│ 20.000
             ┊                    980 ms later                    ┊
    1020.000 │── ACK seq=1000 ack=0 len=1000 ↻ RTO win=65535 ────▶│ 1040.000
                     5 segments · 1 lost · 1 retransmitted
"""

TIMER = """
      client                       time in s                        server
   TIME-WAIT │                                                    │
    0.000000 │── ACK seq=0 ack=0 win=65535 ──────────────────────▶│ 0.020000
             ┊                    240 s later                     ┊
  240.000000 │ timeout 2MSL                                       │
      CLOSED │                                                    │
                                   1 segment
"""


def test_a_handshake(handshake: Any) -> None:
    assert picture(handshake) == HANDSHAKE


def test_a_loss_and_its_repair(story: Any) -> None:
    story.send(0, "client", "ACK", 100, 7, 1000)
    story.send(1, "client", "ACK", 1100, 7, 1000, lost="loss")
    story.send(2, "client", "ACK", 2100, 7, 1000)
    story.send(20, "server", "ACK", 7, 1100)
    story.send(1020, "client", "ACK", 1100, 7, 1000, reason="retransmission timeout")
    assert picture(story) == LOSS


def test_a_timer_long_after(story: Any) -> None:
    story.send(0, "client", "ACK", 100, 7)
    story.become(240_000, "client", "TIME-WAIT", "CLOSED", "timeout 2MSL")
    assert picture(story) == TIMER


def test_a_link_that_copied(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1, 1000)
    story.receive(21, "server", "ACK", 1, 1, 1000)
    assert "│┄┄ ACK seq=0 ack=0 len=1000 (copied by a link) ┄┄┄┄▶│ 21.000" in picture(story)


def test_absolute_numbers_are_those_of_the_wire(handshake: Any) -> None:
    shown = picture(handshake, absolute=True)
    assert "SYN seq=4294967294" in shown
    assert "ACK seq=4294967295 ack=78" in shown


def test_a_long_exchange_shows_its_beginning_and_its_end(story: Any) -> None:
    for number in range(100):
        story.send(number, "client", "ACK", number * 1000, 1, 1000)
    shown = picture(story, 8)
    assert "… 92 more …" in shown
    assert shown.count("▶") == 8
    assert "seq=0 " in shown
    assert "seq=99000" in shown
    assert "… " not in picture(story)


@pytest.mark.parametrize("width", [20, 72, 80, 100, 200])
def test_nothing_is_wider_than_asked_nor_narrower_than_can_be_read(handshake: Any, width: int) -> None:
    handshake.send(70, "client", "PSH,ACK", 4_000_000_000, 4_000_000_000, 65535, reason="retransmission timeout")
    handshake.send(80, "server", "PSH,ACK", 4_000_000_000, 4_000_000_000, 65535, lost="a long reason to be lost " * 4)
    longest = max(len(line) for line in picture(handshake, width=width).splitlines())
    assert longest <= min(max(width, 72), WIDEST)


def test_retransmissions_and_losses_are_counted(story: Any) -> None:
    story.send(0, "client", "ACK", 1, 1, 9, lost="loss")
    story.send(50, "client", "ACK", 1, 1, 9, reason="fast retransmit")
    assert "2 segments · 1 lost · 1 retransmitted" in picture(story)
