"""A run's rows as series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.report.series import Series, bin_width, flow_series, link_series, sequence_graph, thin
from testbed.report.series.rows import beside, unwrapped
from testbed.trace import store
from testbed.trace.vocabulary import KINDS

Documents = Callable[[str], list[dict[str, Any]]]


def series(y: list[float], *, step: bool = True) -> Series:
    return Series("y", "y", "B", np.arange(len(y), dtype=float), np.array(y), step=step)


# -- thinning ------------------------------------------------------------------------------------------------


def test_thinning_keeps_the_least_and_the_greatest() -> None:
    y = np.sin(np.arange(10_000) / 300)
    y[1234], y[8765] = 5.0, -7.0
    found = thin(series(list(y)), 400)
    assert len(found) <= 400
    assert (found.y.max(), found.y.min()) == (5.0, -7.0)
    assert (found.t[0], found.t[-1]) == (0.0, 9999.0)
    assert (np.diff(found.t) > 0).all()


def test_thinning_keeps_each_point_as_it_was() -> None:
    whole = series([float(number % 37) for number in range(5000)])
    whole.notes = [f"cause {number}" for number in range(5000)]
    found = thin(whole, 100)
    assert all(whole.y[int(t)] == y for t, y in zip(found.t, found.y, strict=True))
    assert found.notes == [f"cause {int(t)}" for t in found.t]


def test_a_short_series_is_not_thinned() -> None:
    short = series([1.0, 2.0, 3.0])
    assert thin(short, 100) is short


def test_where_there_is_no_value_there_is_none_after_thinning() -> None:
    found = thin(series([np.nan] * 500 + [3.0] * 500 + [9.0] + [3.0] * 499), 40)
    assert np.isnan(found.y[0])
    assert np.nanmax(found.y) == 9.0
    assert series([np.nan, 1.0]).lists() == ([0.0, 1.0], [None, 1.0])


def test_many_points_of_one_instant_are_thinned_too() -> None:
    whole = Series("y", "y", "", np.zeros(1000), np.arange(1000.0), step=False)
    assert len(thin(whole, 100)) <= 100


# -- a stretch of time ---------------------------------------------------------------------------------------


def test_a_stretch_of_steps_begins_with_the_value_that_held() -> None:
    part = series([10.0, 20.0, 30.0, 40.0]).between(1.5, 2.5)
    assert list(part.t) == [1.5, 2.0]
    assert list(part.y) == [20.0, 30.0]


def test_a_stretch_of_points_has_those_within() -> None:
    part = series([10.0, 20.0, 30.0, 40.0], step=False).between(0.5, 2.0)
    assert list(part.y) == [20.0, 30.0]


@pytest.mark.parametrize(("begin", "end"), [(10.0, 20.0), (-5.0, -1.0)])
def test_a_stretch_outside_has_no_points_of_its_own(begin: float, end: float) -> None:
    assert len(series([1.0, 2.0], step=False).between(begin, end)) == 0


# -- numbers -------------------------------------------------------------------------------------------------


def test_sequence_numbers_count_on_where_the_wire_wraps() -> None:
    wire = np.array([2**32 - 2, 2**32 - 1, 3, 2, 1000])
    assert list(unwrapped(wire, 2**32 - 2)) == [0, 1, 5, 4, 1002]
    assert list(beside(np.array([5]), np.array([2**32 - 1]), np.array([7]))) == [13]


@pytest.mark.parametrize(
    ("duration", "width"), [(0.0, 0.01), (0.1, 0.01), (2.0, 0.01), (2.1, 0.02), (15.8, 0.1), (40, 0.2), (3600, 20)]
)
def test_a_bin_is_of_a_round_width(duration: float, width: float) -> None:
    assert bin_width(duration) == pytest.approx(width)


# -- flows ---------------------------------------------------------------------------------------------------


def test_each_end_that_sent_data_has_its_series(documents: Documents) -> None:
    found = flow_series(Path(documents("ordinary")[0]["folder"]))
    assert list(found) == ["f1 · here", "f2 · here"]
    assert list(found["f1 · here"]) == ["cwnd", "ssthresh", "rtt", "rto", "rtt_sample", "in_flight", "goodput"]
    assert all(len(one.t) == len(one.y) for ends in found.values() for one in ends.values())


def test_goodput_adds_up_to_what_was_delivered(documents: Documents) -> None:
    run = documents("ordinary")[0]
    for flow in ("f1", "f2"):
        goodput = flow_series(Path(run["folder"]))[f"{flow} · here"]["goodput"]
        delivered = (goodput.y[:-1] * np.diff(goodput.t)).sum() / 8
        assert delivered == pytest.approx(run["flows"][flow]["bytes_delivered"])


def test_a_wider_bin_gives_fewer_points_and_the_same_bytes(documents: Documents) -> None:
    run = Path(documents("ordinary")[0]["folder"])
    narrow, wide = (flow_series(run, width)["f1 · here"]["goodput"] for width in (0.01, 0.05))
    assert len(wide) < len(narrow)
    assert wide.y[:-1].sum() * 0.05 == pytest.approx(narrow.y[:-1].sum() * 0.01)


def test_what_is_in_flight_ends_in_nothing_and_is_never_more_than_the_windows(documents: Documents) -> None:
    found = flow_series(Path(documents("no losses")[0]["folder"]))["f1 · here"]
    flight = found["in_flight"]
    assert flight.y[-1] == 0
    assert (np.diff(flight.t) > 0).all()
    assert 0 < flight.y.max() <= found["cwnd"].y.max() + 2  # SYN and FIN take a number each


def test_samples_of_the_round_trip_agree_with_the_metrics(documents: Documents) -> None:
    run = documents("no losses")[0]
    samples = flow_series(Path(run["folder"]))["f1 · here"]["rtt_sample"].y
    flow = run["flows"]["f1"]  # of both ends; the server's one sample is that of its SYN
    assert flow["rtt_min"] <= samples.min() <= flow["rtt_min"] * 1.01
    assert samples.max() == pytest.approx(flow["rtt_max"])
    assert np.median(samples) == pytest.approx(flow["rtt_p50"], rel=0.05)


def test_a_threshold_that_was_never_set_has_no_value(documents: Documents) -> None:
    assert np.isnan(flow_series(Path(documents("one packet")[0]["folder"]))["f1 · here"]["ssthresh"].y).all()


def test_the_causes_of_a_window_stand_beside_it(documents: Documents) -> None:
    notes = flow_series(Path(documents("ordinary")[0]["folder"]))["f1 · here"]["cwnd"].notes
    assert notes is not None
    assert notes[0] == "connection established"


def test_kinds_that_were_not_recorded_have_no_series(documents: Documents) -> None:
    bare = Path(documents("nothing recorded")[0]["folder"])
    assert flow_series(bare) == {}
    assert link_series(bare) == {}


def test_units_are_those_of_the_columns(documents: Documents) -> None:
    found = flow_series(Path(documents("ordinary")[0]["folder"]))["f1 · here"]
    columns = {column.name: column.unit for column in KINDS["cwnd"].columns}
    assert found["cwnd"].unit == columns["cwnd"] == "B"
    assert (columns["srtt"], found["rtt"].unit) == ("ns", "s")


# -- links ---------------------------------------------------------------------------------------------------


def test_a_link_has_its_queue_and_its_drops(documents: Documents) -> None:
    run = documents("ordinary")[0]
    wire = link_series(Path(run["folder"]))["wire"]
    assert wire["queue"].y.max() <= 12
    assert wire["drops"].y[-1] == run["links"]["wire"]["drops"]
    assert set(wire["drops"].notes or []) == set(run["links"]["wire"]["drops_by_reason"])
    assert wire["queue_delay"].y.max() == pytest.approx(run["links"]["wire"]["queue_delay_max"])


# -- time-sequence graph -------------------------------------------------------------------------------------


def test_the_graph_has_every_segment_that_was_sent_lost_and_sent_again(documents: Documents) -> None:
    run = documents("ordinary")[0]
    graphs = [sequence_graph(Path(run["folder"]), flow) for flow in ("f1", "f2")]
    assert sum(len(graph.lost) for graph in graphs) == run["links"]["wire"]["drops"] > 0
    for graph, flow in zip(graphs, ("f1", "f2"), strict=True):
        assert graph.host == "here"
        assert graph.sent.again.sum() == run["flows"][flow]["retransmitted_segments"]
        assert graph.sent.left[0] == 0
        assert graph.sent.right.max() == run["flows"][flow]["bytes_delivered"] + 2  # SYN and FIN
        assert graph.acks[1][-1] == graph.sent.right.max()
        assert (graph.windows[1] >= graph.acks[1]).all()


def test_the_blocks_of_sacks_are_what_arrived_out_of_order(documents: Documents) -> None:
    graph = sequence_graph(Path(documents("ordinary")[0]["folder"]), "f1 · here")
    _, left, right = graph.sacks
    assert len(left)
    assert set(left) <= set(graph.sent.left)
    assert set(right) <= set(graph.sent.right) | {graph.sent.right.max() - 1}  # a block does not count the FIN


def test_the_other_end_of_a_connection_can_be_asked_for(documents: Documents) -> None:
    assert sequence_graph(Path(documents("ordinary")[0]["folder"]), "f1 · there").sent.right.max() == 2


def test_series_are_of_the_rows_that_are_there(documents: Documents) -> None:
    run = Path(documents("ordinary")[0]["folder"])
    rows = [row for row in store.rows(run, "cwnd", {"connection": "f1"}) if row["host"] == "here"]
    window = flow_series(run)["f1 · here"]["cwnd"]
    assert list(window.y) == [row["cwnd"] for row in rows]
    assert list(window.t) == pytest.approx([row["t"] / 1e9 for row in rows])
