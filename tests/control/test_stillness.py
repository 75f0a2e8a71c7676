"""A run is at rest when two rounds of reports, one after the other, say the same."""

from __future__ import annotations

from testbed.control.messages import Report
from testbed.control.stillness import Stillness


def report(quiet: bool = True, sent: int = 0, received: int = 0) -> Report:
    return Report(now=0, done=True, waiting=False, quiet=quiet, over=False, sent=sent, received=received, snapshot={})


def test_one_round_is_not_enough() -> None:
    still = Stillness(["a", "b"])
    assert [still.add(name, report()) for name in "abab"] == [False, False, False, True]


def test_whoever_reports_more_often_does_not_make_a_round() -> None:
    still = Stillness(["a", "b"])
    assert not any(still.add("a", report()) for _ in range(10))
    assert not still.add("b", report())
    assert not still.add("b", report())
    assert still.add("a", report())


def test_a_datagram_that_was_on_its_way_begins_it_anew() -> None:
    still = Stillness(["a", "b"])
    rounds = [report(sent=1), report(received=0), report(sent=1), report(received=1)]
    assert not any(still.add(name, one) for name, one in zip("abab", rounds, strict=True))
    assert not still.add("a", report(sent=1))
    assert still.add("b", report(received=1))


def test_nobody_may_be_busy_in_either_round() -> None:
    still = Stillness(["a", "b"])
    busy = [True, False, True, True, True, True]
    assert [still.add(name, report(quiet)) for name, quiet in zip("ababab", busy, strict=True)] == [False] * 5 + [True]


def test_datagrams_that_were_lost_are_not_waited_for() -> None:
    still = Stillness(["a", "b"])
    answers = [still.add(name, report(sent=5 * (name == "a"), received=0)) for name in "abab"]
    assert answers[-1]
