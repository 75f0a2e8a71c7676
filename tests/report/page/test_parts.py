"""The parts of a page that reckon: short series, places of machines, ellipses, specs for embedding."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import hypot

import numpy as np
import pytest

from testbed.report.page.network.layout import layout
from testbed.report.page.parameters import show
from testbed.report.page.shortened import compact
from testbed.report.page.sweep.distributions import five
from testbed.report.page.sweep.scatter import ellipse
from testbed.report.page.time.charts import labels_of
from testbed.report.page.time.packing import Words, packed, steps, value
from testbed.report.series import Series


def test_packed_times_add_up_to_what_they_were() -> None:
    t = np.array([0.0, 0.25, 0.250001, 12.5])
    assert [at * 1e-6 for at in accumulate(steps(t, 1e-6))] == pytest.approx(t.tolist())


def test_values_keep_the_digits_that_show() -> None:
    assert [value(number) for number in (28960.0, 0.0123456, float("nan"), float("inf"))] == [
        28960,
        0.01235,
        None,
        None,
    ]


def test_causes_are_kept_once_and_named_by_number() -> None:
    series = Series("cwnd", "cwnd", "B", np.arange(3.0), np.arange(3.0), step=True, notes=["ack", "loss", "ack"])
    words = Words()
    assert packed(series, 1e-6, words)["notes"] == [0, 1, 0]
    assert words.all == ["ack", "loss"]


def test_a_connection_has_its_end_in_its_name_where_both_sent() -> None:
    assert labels_of(["a · left", "b · left", "b · right"]) == ["a", "b · left", "b · right"]


def link(one: str, other: str, **more: object) -> dict[str, object]:
    return {"ends": [one, other], "rate": 1, "reverse": {}, **more}


def test_two_hosts_stand_beside_each_other() -> None:
    placed = layout(["a", "b"], [], {"l": link("a", "b")})
    assert placed.nodes["a"].y == placed.nodes["b"].y
    assert placed.nodes["a"].x < placed.nodes["b"].x


def test_many_alike_leaves_are_drawn_as_one_and_none_is_forgotten() -> None:
    hosts = [f"h{n}" for n in range(200)]
    links = {f"l{n}": link(host, "r") for n, host in enumerate(hosts)}
    links["l7"]["rate"] = 2
    placed = layout(hosts, ["r"], links)
    assert len(placed.nodes) == 3
    assert sorted(name for node in placed.nodes.values() for name in node.names) == sorted([*hosts, "r"])


@pytest.mark.parametrize("count", [3, 12, 60])
def test_machines_of_a_ring_do_not_stand_on_each_other(count: int) -> None:
    names = [f"m{n}" for n in range(count)]
    placed = layout(
        [], names, {f"l{n}": link(one, other) for n, (one, other) in enumerate(pairwise([*names, names[0]]))}
    )
    nodes = list(placed.nodes.values())
    apart = [hypot(a.x - b.x, a.y - b.y) for i, a in enumerate(nodes) for b in nodes[:i]]
    assert min(apart) > 25
    assert all(0 < node.x < placed.width and 0 < node.y < placed.height for node in nodes)


def test_an_ellipse_holds_one_standard_deviation_along_both_axes() -> None:
    outline = ellipse([(-1.0, 0.0), (1.0, 0.0), (0.0, -3.0), (0.0, 3.0)])
    assert max(x for x, _ in outline) == pytest.approx((2 / 3) ** 0.5)
    assert max(y for _, y in outline) == pytest.approx(6**0.5)


def test_an_ellipse_slants_as_its_points_do() -> None:
    outline = ellipse([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])
    assert all(x == pytest.approx(y) for x, y in outline)


def test_two_points_have_no_ellipse() -> None:
    assert ellipse([(0.0, 1.0), (1.0, 2.0)]) == []


def test_a_box_holds_the_middle_half() -> None:
    assert five([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert five([7]) == (7, 7, 7)


def test_settings_of_many_hosts_are_embedded_once() -> None:
    tcp = {"sack": True, "mss": 1448}
    spec = {"hosts": {"a": {"tcp": tcp}, "b": {"tcp": tcp}, "c": {"tcp": tcp | {"sack": False}}}, "traffic": {}}
    short = compact(spec)
    assert short["tcp"] == tcp
    assert [host["tcp"] for host in short["hosts"].values()] == [{}, {}, {"sack": False}]


@pytest.mark.parametrize(
    ("key", "given", "shown"),
    [
        ("rto_min", 200_000_000, "200ms"), ("rate", 10_000_000, "10 Mbit/s"), ("send_buffer", 65536, "64 KiB"),
        ("duplicate", 0.01, "1%"), ("initial_window", 10, "10"), ("limit", [37, "packets"], "37 packets"),
        ("beta", 0.7, "70%"), ("beta", 3, "3"), ("duration", None, "–"), ("sack", True, "true"),
    ],
)  # fmt: skip
def test_a_parameter_is_shown_with_its_unit(key: str, given: object, shown: str) -> None:
    assert show(key, given) == shown
