"""Meters remember what a summary needs."""

from __future__ import annotations

from testbed.metrics.meters import STATES_KEPT, Meters
from testbed.trace.tracer import SILENT_HOST

ENDS = (1, 2, 3, 4)


def test_a_connection_meter_times_the_reads() -> None:
    meter = Meters().connection("right", "a", ENDS)
    meter.app(5, "connect", 0)
    meter.app(10, "read", 100)
    meter.app(20, "write", 7)
    meter.app(30, "read", 200)
    meter.app(40, "close", 0)
    assert (meter.bytes_read, meter.first_read, meter.last_read) == (300, 10, 30)
    assert meter.bytes_written == 7


def test_states_are_a_sequence_from_the_first() -> None:
    meter = Meters().connection("left", "a", ENDS)
    meter.state(1, "CLOSED", "SYN-SENT", "open")
    meter.state(2, "SYN-SENT", "ESTABLISHED", "receive SYN,ACK")
    assert meter.states == ["CLOSED", "SYN-SENT", "ESTABLISHED"]


def test_states_are_bounded() -> None:
    meter = Meters().connection("left", "a", ENDS)
    for now in range(10 * STATES_KEPT):
        meter.state(now, "A", "B", "forever")
    assert len(meter.states) == STATES_KEPT


def test_each_end_and_each_direction_has_its_meter() -> None:
    meters = Meters()
    left, right = meters.connection("left", "a", ENDS), meters.connection("right", "a", ENDS)
    meters.link("l1").queue(1, 2, 3, 400)
    left.rtt(1, 2)
    assert right.round_trips.count == 0
    assert meters.connections == {("left", "a"): left, ("right", "a"): right}
    assert meters.links["l1"].waits.total == 400
    assert meters.host("left") is SILENT_HOST


def test_a_second_connection_of_one_label_goes_on_with_its_meter() -> None:
    meters = Meters()
    assert meters.connection("left", "a", ENDS) is meters.connection("left", "a", (1, 3, 3, 4))
