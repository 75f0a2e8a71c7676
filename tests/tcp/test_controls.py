"""What every congestion control keeps to, and the one that controls nothing.

Each control's own ways are in test_cubic, test_hystart, test_dctcp, test_westwood and test_delay_controls; BBR's in
its own files.
"""

from __future__ import annotations

import pytest
from path_model import MBIT, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion import CONTROLS, Control, Start
from testbed.tcp.congestion.base import UNLIMITED, WindowBased
from testbed.tcp.congestion.fixed import FixedSpec
from testbed.units import window

START = Start(1000, 10_000)
TRIP = 50 * MILLISECOND

BY_WINDOW = [name for name, spec in CONTROLS.items() if isinstance(spec().build(START), WindowBased)]


@pytest.fixture(params=sorted(CONTROLS))
def control(request: pytest.FixtureRequest) -> Control:
    return CONTROLS[request.param]().build(START)


@pytest.fixture(params=BY_WINDOW)
def window_based(request: pytest.FixtureRequest) -> WindowBased:
    built = CONTROLS[request.param]().build(START)
    assert isinstance(built, WindowBased)
    return built


def grown(control: WindowBased, window: int) -> WindowBased:
    """In congestion avoidance at `window`, past any slow start."""
    control.cwnd = control.ssthresh = window
    return control


def trip(control: Control, now: int, **fields: int) -> None:
    """A round trip's acknowledgements."""
    for _ in range(control.cwnd // control.mss):
        seen = {"rtt": TRIP, "srtt": TRIP, "una": now, "next": now, "prior_in_flight": control.cwnd} | fields
        control.acknowledged(now, heard(**seen))


# -- all ---------------------------------------------------------------------------------------------------------------


def test_a_control_begins_with_at_most_the_initial_window_and_without_threshold(control):
    assert control.mss == 1000
    assert 0 < control.cwnd <= 10_000
    assert control.ssthresh == UNLIMITED


def test_what_a_control_keeps_inside_has_names_that_stay(control):
    names = [name for name, _ in control.variables]
    assert len(set(names)) == len(names)
    for number in range(1, 5):
        trip(control, number * TRIP)
    control.lost(SECOND, control.cwnd)
    control.timed_out(2 * SECOND, control.cwnd, False)
    assert [name for name, _ in control.variables] == names
    assert all(isinstance(value, int | float | str) for _, value in control.variables)


@pytest.mark.parametrize("spec", CONTROLS.values(), ids=CONTROLS)
def test_a_control_says_what_it_is_in_one_line(spec):
    line = spec.__doc__.strip().partition("\n")[0]
    assert line.endswith(".")


@pytest.mark.parametrize("name", sorted(set(CONTROLS) - {"fixed"}))
def test_a_control_uses_most_of_a_path_with_a_buffer_of_its_bandwidth_delay_product(name):
    path = Path(10 * MBIT, 62_500)
    flow = path.flow(CONTROLS[name]().build(START), TRIP)
    path.run(20 * SECOND)
    assert flow.una * 8 > 0.9 * 10 * MBIT * 20
    assert flow.timeouts == []


# -- those by window and threshold -------------------------------------------------------------------------------------


def test_the_window_at_most_doubles_in_a_round_trip(window_based):
    for now in range(1, 5):
        before = window_based.cwnd
        trip(window_based, now * TRIP)
        assert before <= window_based.cwnd <= 2 * before


@pytest.mark.parametrize(
    "fields",
    [{"limited": False, "prior_in_flight": 1000}, {"recovering": True}, {"ece": True}, {"acked": 0}],
    ids=["application-limited", "in recovery", "told of congestion", "nothing new"],
)
def test_the_window_does_not_grow_then(window_based, fields):
    before = window_based.cwnd
    trip(window_based, TRIP, **fields)
    assert window_based.cwnd <= before


def test_a_loss_reduces_and_leaves_two_segments(window_based):
    grown(window_based, 10_000).lost(0, 10_000)
    assert 2000 <= window_based.ssthresh < 10_000
    assert window_based.cwnd == window_based.ssthresh
    for _ in range(20):
        window_based.lost(0, 1000)
    assert window_based.ssthresh >= 2000


def test_no_loss_enlarges_the_window(window_based):
    """After one recovery that was followed by another much may be unacknowledged that SACK says has arrived."""
    grown(window_based, 10_000).lost(0, 100_000)
    assert window_based.ssthresh < 10_000
    before = window_based.cwnd
    window_based.marked(0, 100_000)
    assert window_based.cwnd < before


def test_a_timeout_leaves_one_segment_and_reduces_the_threshold_once(window_based):
    grown(window_based, 10_000).timed_out(0, 10_000, False)
    assert window_based.cwnd == 1000
    assert 2000 <= window_based.ssthresh < 10_000
    threshold = window_based.ssthresh
    window_based.timed_out(SECOND, 4000, True)
    assert window_based.ssthresh == threshold


@pytest.mark.parametrize("reduce", ["lost", "timed_out"])
def test_what_was_for_nothing_is_undone_once(window_based, reduce):
    grown(window_based, 10_000)
    if reduce == "lost":
        window_based.lost(0, 10_000)
    else:
        window_based.timed_out(0, 10_000, False)
    window_based.undo(TRIP)
    assert (window_based.cwnd, window_based.ssthresh) == (10_000, 10_000)
    window_based.cwnd = window_based.ssthresh = 5000
    window_based.undo(TRIP)
    assert (window_based.cwnd, window_based.ssthresh) == (5000, 5000)


def test_a_loss_in_slow_start_that_was_for_nothing_leaves_it_in_slow_start(window_based):
    window_based.lost(0, 10_000)
    window_based.undo(TRIP)
    assert window_based.ssthresh == UNLIMITED


def test_a_pause_leaves_no_more_than_the_restart_window(window_based):
    window_based.cwnd = 10_000
    window_based.idle(0, 20_000)
    assert window_based.cwnd == 10_000
    window_based.idle(0, 4000)
    assert window_based.cwnd == 4000


def test_the_window_is_whole_bytes_through_anything(window_based):
    for step in range(1, 400):
        now = step * MILLISECOND
        rtt = TRIP + step % 7 * MILLISECOND
        sample = heard(1 + step * 37 % 1000, rtt=rtt, srtt=rtt, una=step, next=step + 10, prior_in_flight=20_000)
        window_based.acknowledged(now, sample)
        if step % 50 == 49:
            window_based.lost(now, window_based.cwnd)
            window_based.recovered(now, window_based.cwnd // 2)
        if step % 90 == 89:
            window_based.marked(now, window_based.cwnd)
        assert type(window_based.cwnd) is int
        assert window_based.cwnd >= 1000


# -- Reno and marks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("abe", "left", "least"), [(False, 5000, 1000), (True, 8000, 2000)])
def test_a_mark_leaves_half_or_four_fifths_to_reno(abe, left, least):
    """RFC 3168 section 6.1.2, whose least is one segment; RFC 8511 section 3.1, whose least is two."""
    reno = CONTROLS["reno"]().build(START._replace(abe=abe))
    reno.marked(0, 10_000)
    assert (reno.cwnd, reno.ssthresh) == (left, left)
    for _ in range(20):
        reno.marked(0, 10_000)
    assert (reno.cwnd, reno.ssthresh) == (least, 2000)


# -- fixed -------------------------------------------------------------------------------------------------------------


def test_a_fixed_window_is_in_segments_or_bytes():
    assert FixedSpec().build(START).cwnd == 10_000
    assert FixedSpec(window=window("3 segments")).build(START).cwnd == 3000
    assert FixedSpec(window=window("64KiB")).build(START).cwnd == 65_536
    assert FixedSpec(window=window("10B")).build(START).cwnd == 1000  # or nothing could be sent at all


@pytest.mark.parametrize("text", ["10", 10, "10 packets", "-1 segments", "ten segments", ""])
def test_a_window_needs_its_unit(text):
    with pytest.raises(UnitError):
        window(text)


def test_a_window_of_nothing_is_refused():
    with pytest.raises(UnitError, match="window must"):
        FixedSpec(window=(0, "bytes"))


def test_a_fixed_window_hears_nothing():
    fixed = FixedSpec().build(START)
    trip(fixed, TRIP)
    fixed.lost(0, 10_000)
    fixed.marked(0, 10_000)
    fixed.timed_out(0, 10_000, False)
    fixed.recovered(0, 0)
    fixed.undo(0)
    fixed.idle(0, 2000)
    assert fixed.cwnd == 10_000


@pytest.mark.parametrize(("segments", "share"), [(16, 0.25), (32, 0.5), (64, 1.0), (100, 1.0)])
def test_a_fixed_window_carries_window_over_round_trip_until_the_path_is_full(segments, share):
    """10 Mbit/s for 51.2 ms are 64 segments of 1000 bytes."""
    path = Path(10 * MBIT, 125_000)
    flow = path.flow(FixedSpec(window=(segments, "segments")).build(START), 50_400_000)
    path.run(10 * SECOND)
    assert flow.una * 8 == pytest.approx(share * 10 * MBIT * 10, rel=0.01)
    assert path.drops == 0


def test_a_fixed_window_beyond_path_and_queue_loses_without_end():
    path = Path(10 * MBIT, 62_500)
    path.flow(FixedSpec(window=(200, "segments")).build(START), TRIP)
    path.run(5 * SECOND)
    before = path.drops
    path.run(5 * SECOND)
    assert path.drops - before > 1000
