"""DCTCP: the average of the marked share, and what it takes off the window (RFC 8257)."""

from __future__ import annotations

from math import sqrt

import pytest
from path_model import MBIT, Flow, Path, heard

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.congestion import ControlSpec, Start
from testbed.tcp.congestion.base import Control
from testbed.tcp.congestion.dctcp import DctcpSpec
from testbed.tcp.congestion.reno import RenoSpec

MSS = 1000
START = Start(MSS, 10 * MSS)


@pytest.fixture
def control() -> Control:
    control = DctcpSpec().build(START)
    control.cwnd = control.ssthresh = 100 * MSS
    return control


def alpha(control: Control) -> float:
    value = dict(control.variables)["alpha"]
    assert isinstance(value, float)
    return value


def window(control: Control, marked: int, number: int, **fields: int) -> None:
    """A window of ten segments is acknowledged, of which the first `marked` were."""
    for segment in range(10):
        una = number * 10_000 + (segment + 1) * MSS
        share = MSS if segment < marked else 0
        control.acknowledged(0, heard(MSS, False, una=una, next=una + 9 * MSS, marked=share, **fields))


# -- alpha -------------------------------------------------------------------------------------------------------------


def test_alpha_begins_with_1_and_the_first_window_ends_at_once(control):
    """Section 3.3: WindowEnd is SND.UNA at first; then every window is worth 1/16."""
    assert alpha(control) == 1
    control.acknowledged(0, heard(MSS, una=MSS, next=10 * MSS))
    assert alpha(control) == 15 / 16
    control.acknowledged(0, heard(9 * MSS, una=10 * MSS, next=20 * MSS))
    assert alpha(control) == 15 / 16
    control.acknowledged(0, heard(MSS, una=11 * MSS, next=21 * MSS))
    assert alpha(control) == (15 / 16) ** 2


@pytest.mark.parametrize("marked", [0, 1, 3, 5, 10])
def test_alpha_comes_to_the_share_that_is_marked(control, marked):
    """Its fixed points: 1 where all is, 0 where nothing is, and whatever lies between."""
    for number in range(200):
        window(control, marked, number)
    assert alpha(control) == pytest.approx(marked / 10, abs=1e-3)


def test_alpha_goes_to_nothing_and_does_not_get_stuck_on_the_way(control):
    """As one in sixteenths of integers does below 16."""
    for number in range(1000):
        window(control, 0, number)
    assert alpha(control) < 1e-20
    control.marked(0, 100 * MSS)
    assert control.cwnd >= 100 * MSS - 1


def test_alpha_is_never_above_1_even_if_marks_are_told_of_before_their_bytes(control):
    control.acknowledged(0, heard(0, una=0, next=9 * MSS, marked=5 * MSS))
    control.acknowledged(0, heard(MSS, una=MSS, next=10 * MSS))
    assert alpha(control) == 1


@pytest.mark.parametrize("fields", [{"recovering": True}, {"ece": True}])
def test_alpha_is_kept_in_recovery_too_and_when_the_application_is_the_limit(control, fields):
    for number in range(200):
        window(control, 5, number, **fields)
    assert alpha(control) == pytest.approx(0.5, abs=1e-3)
    assert control.cwnd == 100 * MSS


def test_g_and_the_first_alpha_are_settings():
    control = DctcpSpec(g=0.5, initial_alpha=0.0).build(START)
    assert alpha(control) == 0
    control.acknowledged(0, heard(MSS, una=MSS, next=10 * MSS, marked=MSS))
    assert alpha(control) == 0.5
    with pytest.raises(UnitError, match=r"^g "):
        DctcpSpec(g=0.0)


# -- the window --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("average", "left"), [(1.0, 50), (0.5, 75), (0.1, 95), (0.0, 100)])
def test_a_mark_takes_off_half_of_alpha(average, left):
    """Step 9: cwnd (1 - alpha / 2)."""
    control = DctcpSpec(initial_alpha=average).build(START)
    control.cwnd = 100 * MSS
    assert control.marked(0, 100 * MSS) == "ECN echo"
    assert (control.cwnd, control.ssthresh) == (left * MSS, left * MSS)


def test_a_loss_halves_whatever_alpha_is(control):
    """Section 3.5; Linux did not reduce at all for long."""
    for number in range(200):
        window(control, 0, number)
    control.lost(0, 100 * MSS)
    assert control.cwnd == 50 * MSS


def test_two_segments_are_left(control):
    for _ in range(20):
        control.marked(0, control.cwnd)
    assert control.cwnd == 2 * MSS


# -- on a path: 10 Mbit/s, 50 ms, marks above 20 kB --------------------------------------------------------------------


def on_a_path(spec: ControlSpec, mark_above: int) -> tuple[Path, Flow, list[int]]:
    """After ten seconds of warming up, with what was queued at each acknowledgement of twenty more."""
    path = Path(10 * MBIT, 10**6, mark_above)
    flow = path.flow(spec.build(START), 50 * MILLISECOND)
    path.run(10 * SECOND)
    queued: list[int] = []
    flow.tell = lambda now, cause: queued.append(path.queue)
    flow.marks.clear()
    path.run(20 * SECOND)
    return path, flow, queued


def test_the_queue_stays_at_the_threshold_and_the_link_full():
    """Section 3.3 of the paper of 2010: K > C * RTT / 7 suffices, 9 kB here, and the queue's peak is just above K."""
    path, flow, queued = on_a_path(DctcpSpec(), 20_000)
    assert path.drops == 0
    assert min(queued) > 0
    assert max(queued) < 20_000 + 5 * MSS
    assert alpha(flow.control) == pytest.approx(sqrt(2 / 82.5), rel=0.15)  # W = (62.5 + 20 kB) / 1 kB


def test_renos_answer_to_the_same_marks_leaves_the_link_idle():
    _, flow, queued = on_a_path(RenoSpec(), 20_000)
    assert min(queued) == 0
    marks = len(flow.marks)
    _, gentle, _ = on_a_path(DctcpSpec(), 20_000)
    assert len(gentle.marks) > 5 * marks


def test_where_nothing_is_marked_it_is_reno():
    paths = {}
    for spec in (RenoSpec(), DctcpSpec()):
        path = Path(10 * MBIT, 30_000)
        flow = path.flow(spec.build(START), 50 * MILLISECOND)
        path.run(20 * SECOND)
        paths[type(spec)] = (flow.una, flow.losses, path.drops)
    assert paths[RenoSpec] == paths[DctcpSpec]
