"""What went wrong in other stacks' loss recovery and congestion control, as told in the threads named, does not here.

(What went wrong with BBR is in `test_bbr_bugs`.)
"""

from __future__ import annotations

import pytest
from path_model import MBIT, Path, heard
from selective import acknowledge, in_flight, pipe, reasons, sent

from testbed.clock import MILLISECOND, SECOND
from testbed.tcp.congestion import CONTROLS, Start
from testbed.tcp.congestion.base import UNLIMITED
from testbed.tcp.congestion.cubic import CubicSpec
from testbed.tcp.congestion.reno import RenoSpec

WINDOWED = ["reno", "cubic", "dctcp", "westwood", "vegas"]


@pytest.fixture
def ten(story):
    def begin(segments=10, **settings):
        return in_flight(story, segments, **settings)

    return begin


# -- the retransmission timer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sack", [True, False])
def test_duplicate_acknowledgements_do_not_put_the_timer_off(ten, sack):
    """smoltcp#62, PR65, PR80: each restarted it, so that it never expired."""
    s = ten(sack=sack, dupack_threshold=1000, rack=False)
    for _ in range(9):
        s.tick("100ms")
        acknowledge(s, 1)
    s.tick("101ms")
    assert "retransmission timeout" in reasons(s)


def test_selections_do_not_put_the_timer_off(ten):
    """The same with SACK: only progress restarts it (RFC 6298 section 5.3)."""
    s = ten(dupack_threshold=1000, rack=False)
    for right in range(2001, 11_001, 1000):
        s.tick("100ms")
        acknowledge(s, 1, (1001, right))
    s.tick("101ms")
    assert "retransmission timeout" in reasons(s)


def test_new_data_acknowledged_puts_the_timer_off(ten):
    """smoltcp#949, PR953, PR1018: it ran on from the first segment, and expired on a path that was merely long."""
    s = ten(unsent=50_000)
    for ack in range(1001, 21_001, 1000):
        s.tick("300ms")
        acknowledge(s, ack)
    assert s.connection.stats.timeouts == 0


@pytest.mark.parametrize("timestamps", [True, False])
def test_an_acknowledgement_of_a_retransmission_keeps_the_back_off_and_a_fresh_one_ends_it(ten, timestamps):
    """smoltcp#1020: lost with any acknowledgement. nuttx PR18993, PR19011: it never ended."""
    s = ten(1, timestamps=timestamps, frto=False, eifel=False)
    s.tick("3s")
    assert len(reasons(s)) == 2
    assert s.rto == 4 * SECOND
    acknowledge(s, 1001)
    assert s.rto == 4 * SECOND or timestamps  # a timestamp tells which copy it was, and so how long it took
    s.write(1000)
    sent(s)
    s.tick("100ms")
    acknowledge(s, 2001)
    assert s.rto == SECOND


@pytest.mark.parametrize("timestamps", [True, False])
def test_retransmissions_do_not_spoil_the_estimate(ten, timestamps):
    """nuttx PR15118, mirage-tcpip#157: samples of retransmitted segments, even negative ones."""
    s = ten(1, timestamps=timestamps, unsent=0)
    for place in range(1, 20_001, 1000):
        s.tick("1500ms")
        sent(s)
        acknowledge(s, place + 1000)
        s.write(1000)
        sent(s)
    rtt = s.connection.sender.rtt
    assert 0 < rtt.srtt <= 1500 * MILLISECOND
    assert SECOND <= s.rto <= 60 * SECOND


@pytest.mark.parametrize("sack", [True, False])
def test_it_gives_up(ten, sack):
    """picotcp#40, #488: sent again for ever."""
    s = ten(sack=sack, data_retries=4)
    s.tick("1000s")
    s.take()
    assert (s.state, s.error) == ("CLOSED", "connection timed out")


def test_after_an_outage_the_rest_is_sent_as_it_is_acknowledged(ten):
    """IncludeOS#1897: one segment a timeout, and each timeout longer than the last."""
    s = ten(6)
    s.tick("8s")
    s.take()
    places, ack = [], 1001
    while ack < 6001:
        places += acknowledge(s, ack)
        ack += 1000
    assert sorted(set(places)) == [1001, 2001, 3001, 4001, 5001]


# -- duplicate acknowledgements ----------------------------------------------------------------------------------------


def test_a_fast_retransmission_is_one_segment(ten):
    """smoltcp PR1155: the whole buffer. nuttx PR5589: everything after each timeout."""
    s = ten(sack=False)
    acknowledge(s, 1)
    acknowledge(s, 1)
    assert acknowledge(s, 1) == [1]
    s = ten()
    s.tick("1s")
    assert sent(s) == [1]


def test_part_of_a_segment_acknowledged_is_no_loop(ten):
    """mbed-os#4140: the segment was sent again as it was, the peer acknowledged the same part, and so on."""
    s = ten(2, sack=False)
    acknowledge(s, 1400)
    s.tick("1s")
    s.expect("ACK,PSH", seq=1400, length=601)
    acknowledge(s, 2001)
    assert s.connection.deadline is None


@pytest.mark.parametrize("sack", [True, False])
def test_what_was_acknowledged_before_it_was_sent_again_is_sent_from_where_it_matters(ten, sack):
    """nuttx PR4159: the retransmission began where the acknowledgement had been when it was decided on."""
    s = ten(sack=sack, frto=False)
    s.tick("1s")
    assert sent(s) == [1]
    assert acknowledge(s, 4501)[0] == 4501
    acknowledge(s, 10_001)
    assert pipe(s) == 0


@pytest.mark.parametrize("sack", [True, False])
def test_hundreds_of_duplicates_are_one_recovery(ten, sack):
    """smoltcp#224: the counter of eight bits overflowed."""
    s = ten(sack=sack)
    s.tick("100ms")
    for _ in range(300):
        acknowledge(s, 1)
    assert s.connection.stats.duplicate_acks_received == 300
    assert s.connection.stats.fast_retransmits == (0 if sack else 1)  # with SACK they select nothing: no sign of a loss


# -- selective acknowledgements ----------------------------------------------------------------------------------------


def test_blocks_in_an_acknowledgement_of_everything_mean_no_loss(ten):
    """iip#2: an assertion, for there was nothing left to be lost."""
    s = ten()
    assert acknowledge(s, 10_001, (9001, 10_001)) == []
    assert acknowledge(s, 10_001, (1, 1001)) == []
    assert s.ssthresh == UNLIMITED


def test_a_hole_that_was_sent_again_is_not_sent_again_at_the_next_three_duplicates(ten):
    """inet#78: after a report of a duplicate and a retransmission, three more duplicates."""
    s = ten(unsent=20_000, rack=False)
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 1, (2001, 3001), (1001, 4001))
    places = [place for right in range(5001, 10_001, 1000) for place in acknowledge(s, 1, (1001, right))]
    assert 1 not in places


@pytest.mark.parametrize("rack", [True, False])
def test_a_fin_sent_in_recovery_counts_as_one_more(ten, rack):
    """inet PR414, PR415: SND.MAX forgot it, and the scoreboard did not know of it."""
    s = ten(unsent=500, rack=rack, initial_window=10)
    s.tick("100ms")
    acknowledge(s, 1, (2001, 6001))
    s.close()
    for right in range(7001, 10_002, 1000):
        acknowledge(s, 1, (2001, right))
    assert s.connection.sender.next - s.isn == 10_502
    acknowledge(s, 1, (2001, 10_502))
    acknowledge(s, 10_502)
    assert s.state == "FIN-WAIT-2"


@pytest.mark.parametrize("rack", [True, False])
def test_when_everything_but_the_oldest_has_arrived_only_that_is_lost(ten, rack):
    """vpp#2929: one hole from SND.UNA to the end was counted as lost altogether."""
    s = ten(rack=rack)
    s.tick("100ms")
    acknowledge(s, 1, (1001, 10_001))
    assert s.connection.sender.board.lost_bytes == 1000
    acknowledge(s, 1001)
    acknowledge(s, 10_001)
    assert s.connection.sender.board.lost_bytes == 1000


@pytest.mark.parametrize("rack", [True, False])
def test_what_is_left_when_nothing_above_it_is_selected_any_more_is_not_lost(ten, rack):
    """vpp#2929, to the letter: all that was selected is acknowledged, and what remains is one hole up to SND.NXT."""
    s = ten(rack=rack, unsent=5000)
    s.tick("100ms")
    acknowledge(s, 1, (1001, 4001))
    acknowledge(s, 4001)
    board = s.connection.sender.board
    assert board.sacked.total == 0
    assert board.lost_bytes == 1000
    assert pipe(s) == s.sent_upto - 4001


def test_blocks_beyond_what_was_sent_break_nothing(ten):
    """vpp#3342 and smoltcp 0.13.1: a crash; an overflow."""
    s = ten()
    for block in ((11_001, 10_001), (10_001, 2**31), (2**31 - 1, 2**31 + 5), (2**32 - 1, 1), (9001, 10_002)):
        assert acknowledge(s, 1, block) == []
    assert pipe(s) == 10_000


def test_smaller_blocks_make_up_a_segment(ten):
    """pilotprotocol PR142: a segment that no single block contained was sent again."""
    s = ten()
    for left in range(1001, 4001, 500):
        acknowledge(s, 1, (left, left + 500))
    assert pipe(s) in (6000, 7000)  # the oldest is lost by now
    assert s.connection.sender.board.sacked_segments == 3


def test_the_agreement_holds_for_the_end_that_opened(ten):
    """smoltcp PR995: the client's flag was never set; picotcp#70: offered, and never sent."""
    s = ten(1)
    assert s.connection.sender.sack
    s.receive("ACK", seq=1001, data=500, ack=1)
    s.expect("ACK", sack=[(1001, 1501)])


# -- RACK and probes ---------------------------------------------------------------------------------------------------


def test_a_round_trip_of_nearly_nothing_does_not_stop_the_flow(ten):
    """gvisor#6113: timers of no time at all, and a flow that hung."""
    s = ten(unsent=500_000, trip="0ms", tail_loss_probe=True)
    ack = 1
    for _ in range(3000):
        upto = s.sent_upto
        s.take()
        if ack >= 500_001:
            break
        ack = min(ack + 1000, upto)
        s.receive("ACK", ack=ack)
        s.take()
        s.tick("1us")
    s.take()
    assert ack >= 500_001
    assert s.connection.stats.timeouts == 0


def test_the_sending_that_counts_is_the_last(ten):
    """skywire#4291, PR4399: the time of the first sending was kept, so that what had just been sent again was overdue
    with every acknowledgement: nine of ten segments were retransmissions."""
    s = ten(40, unsent=100_000)
    s.tick("100ms")
    acknowledge(s, 1, (1001, 4001))
    for right in range(5001, 40_002, 1000):
        s.tick("1ms")
        acknowledge(s, 1, (1001, right))
    assert s.connection.stats.retransmitted_segments == 1


# -- congestion control ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", WINDOWED)
def test_many_losses_of_one_window_are_one_reduction(story, control):
    """smoltcp PR1149, #1157: each duplicate was a congestion event, and the window a sixth and not a half."""
    s = in_flight(story, 20, congestion=CONTROLS[control](), unsent=40_000)
    s.tick("100ms")
    acknowledge(s, 1, (3001, 6001))
    once = s.ssthresh
    acknowledge(s, 1, (3001, 6001), (8001, 12_001))
    acknowledge(s, 1, (3001, 6001), (14_001, 20_001))
    acknowledge(s, 3001, (14_001, 20_001))
    assert s.ssthresh == once >= 7000
    assert s.connection.stats.fast_retransmits == 1


@pytest.mark.parametrize("control", WINDOWED)
@pytest.mark.parametrize("sack", [True, False])
def test_recovery_comes_to_its_end(story, control, sack):
    """mtcp#189: NewReno never left it."""
    s = in_flight(story, 10, congestion=CONTROLS[control](), sack=sack, unsent=40_000)
    s.tick("100ms")
    for right in (2001, 3001, 4001):
        acknowledge(s, 1, *([(1001, right)] if sack else []))
    assert s.connection.sender.recovery.active
    s.tick("100ms")
    acknowledge(s, s.sent_upto)
    recovery = s.connection.sender.recovery
    assert (recovery.active, recovery.inflation, recovery.reduction) == (False, 0, None)
    assert s.cwnd <= s.ssthresh


def test_the_initial_window_is_used(story):
    """mtcp#228: ten segments were configured, and two were sent."""
    in_flight(story, 10)


def test_a_window_is_not_kept_over_a_long_pause(ten):
    """shadow#3085: a burst of the whole window after idling."""
    s = ten(unsent=20_000)
    s.tick("100ms")
    acknowledge(s, 10_001)
    s.tick("100ms")
    acknowledge(s, s.sent_upto)
    sent(s)
    acknowledge(s, s.sent_upto)
    s.tick("5s")
    s.write(60_000)
    assert len(sent(s)) == 10


def test_cubic_grows_from_the_time_when_avoidance_begins_and_no_slower_than_reno():
    """quicly PR678: the epoch began when the loss was found, so that the time of recovery counted. neqo PR2295: CUBIC
    grew every second time only. picoquic PR560: on a short path it must be Reno."""
    grown = {}
    for name, spec in (("reno", RenoSpec()), ("cubic", CubicSpec())):
        path = Path(rate=20 * MBIT, buffer=30_000)
        flow = path.flow(spec.build(Start(1000, 10_000)), trip=10 * MILLISECOND)
        path.run(20 * SECOND)
        grown[name] = flow.delivered
    assert grown["cubic"] >= 0.98 * grown["reno"]


@pytest.mark.parametrize("control", ["reno", "cubic"])
def test_what_the_window_was_about_to_grow_by_is_forgotten_at_a_loss(control):
    """quinn PR1224, of whose fixes to CUBIC only the code is known: what had been saved up to grow by outlived a loss.
    Nor does the window grow by what was sent before it."""
    flow = CONTROLS[control]().build(Start(1000, 10_000))
    flow.ssthresh = 10_000
    now = SECOND
    for _ in range(9):
        flow.acknowledged(now, heard())
    flow.lost(now, 10_000)
    left = flow.ssthresh
    flow.acknowledged(now, heard(recovering=True))
    flow.recovered(now, left)
    flow.acknowledged(now, heard())
    assert left <= flow.cwnd < left + 200


def test_avoidance_grows_by_a_segment_a_round_trip_and_not_a_byte(story):
    """picoquic PR439"""
    s = in_flight(story, 10, unsent=60_000)
    s.connection.sender.control.ssthresh = 5000
    s.tick("100ms")
    for ack in range(1001, 11_001, 1000):
        acknowledge(s, ack)
    assert s.cwnd == 11_000


# -- timestamps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nagle", [True, False])
def test_timestamps_and_retransmissions_go_together(ten, nagle):
    """picotcp#147, #151, #152: with the option nothing was sent again, or the option was missing, or it hung."""
    s = ten(2, timestamps=True, nagle=nagle)
    times = []
    for wait in ("1s", "2s", "4s"):
        s.tick(wait)
        segment = s.expect("ACK", seq=1, length=1000)
        times.append(segment.timestamp)
    assert times == sorted(set(times))
    acknowledge(s, 2001)
    assert s.connection.deadline is None
