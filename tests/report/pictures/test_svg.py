"""The drawings: well-formed, the same every time, nothing over anything else."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from testbed.report.connection.choice import choose, connections, read_exchange
from testbed.report.connection.states import path_lines, read_paths
from testbed.report.svg import ladder_svg, state_diagram
from testbed.report.svg.canvas import Canvas, style_sheet
from testbed.report.svg.figure_5 import EDGES, ENDING, OUTWARDS
from testbed.report.svg.geometry import Box, touch
from testbed.report.svg.ladder import Drawing
from testbed.report.svg.states import Diagram
from testbed.tcp.state import TRANSITIONS, State

Documents = Callable[[str], list[dict[str, Any]]]

LESSONS = sorted(path.stem for path in (Path(__file__).parents[3] / "experiments/lessons").glob("*.yaml"))

TEXTBOOK = [
    "three-way-handshake",
    "four-way-close",
    "simultaneous-open",
    "simultaneous-close",
    "fast-retransmit",
    "retransmission-timeout",
]
"""The others are slow, for there are many."""

DRAWN = [*TEXTBOOK, *(pytest.param(name, marks=pytest.mark.slow) for name in LESSONS if name not in TEXTBOOK)]

SVG = "{http://www.w3.org/2000/svg}"


def folder_of(documents: Documents, name: str) -> Path:
    return Path(documents(name)[0]["folder"])


def overlapping(canvas: Canvas) -> list[tuple[str, str]]:
    """Pairs of texts that touch."""
    return [
        (one, other)
        for (one, box), (other, other_box) in combinations(canvas.texts, 2)
        if touch(box.corners, other_box.corners)
    ]


def texts_of(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def looks_of(svg: str, element: str) -> list[str]:
    return [found.get("class", "") for found in ElementTree.fromstring(svg).iter(f"{SVG}{element}")]


# -- the ladder ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", DRAWN)
def test_no_word_of_a_ladder_touches_another(lesson: str, documents: Documents) -> None:
    run = folder_of(documents, lesson)
    for connection in connections(run):
        drawing = Drawing(read_exchange(run, connection), title=connection, limit=100)
        assert overlapping(drawing.canvas) == []
        shafts = [
            look for look in looks_of(drawing.document(), "path") if look.startswith("shaft") and "head" not in look
        ]
        labels = [look for look in looks_of(drawing.document(), "text") if look.startswith("label")]
        assert len(labels) > 0.95 * len(shafts), "only where many arrows cross may one be without its words"


def test_the_handshake_of_the_textbook(documents: Documents) -> None:
    run = folder_of(documents, "three-way-handshake")
    svg = ladder_svg(read_exchange(run, choose(run, None)), title="talk")
    words = texts_of(svg)
    assert {"client", "server", "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"} <= set(words)
    first, second, third, *_ = [word for word in words if "seq=" in word]
    assert first.startswith("SYN seq=0")
    assert second.startswith("SYN,ACK seq=0 ack=1")
    assert third.startswith("ACK seq=1 ack=1")
    assert len([look for look in looks_of(svg, "path") if "head" in look]) == 6
    assert svg == ladder_svg(read_exchange(run, choose(run, None)), title="talk")


def test_lost_segments_end_in_a_cross_and_retransmissions_have_a_colour(documents: Documents) -> None:
    run = folder_of(documents, "retransmission-timeout")
    svg = ladder_svg(read_exchange(run, choose(run, None)))
    looks = looks_of(svg, "path")
    assert looks.count("cross") == 2
    assert looks.count("shaft again") == 2
    assert looks.count("zigzag") % 2 == 0
    words = texts_of(svg)
    assert words.count("drop rule (path)") == 2
    assert {"1 s later", "2 s later"} <= set(words)


def test_time_runs_down(documents: Documents) -> None:
    for lesson in TEXTBOOK:
        run = folder_of(documents, lesson)
        drawing = Drawing(read_exchange(run, choose(run, None)))
        root = ElementTree.fromstring(drawing.document())
        times = [
            (float(text.get("y", "0")), float(text.text or "0"))
            for text in root.iter(f"{SVG}text")
            if text.get("class") == "time"
        ]
        assert [moment for _, moment in sorted(times)] == sorted(moment for _, moment in times), lesson


def test_a_state_stands_where_it_was_reached_even_where_arrows_cross(documents: Documents) -> None:
    root = ElementTree.fromstring(
        ladder_svg(read_exchange(folder_of(documents, "simultaneous-open"), "talk"), title="talk")
    )
    stands = [
        (float(text.get("x", "0")) > 400, text.get("class"), text.text, float(text.get("y", "0")))
        for text in root.iter(f"{SVG}text")
    ]
    received = next(y for right, look, word, y in stands if right and word == "SYN-RECEIVED")
    arrival = next(y for right, look, word, y in stands if right and look == "time" and word == "20")
    assert abs(received - arrival) < 2


def test_a_long_ladder_is_cut_in_the_middle(documents: Documents) -> None:
    run = folder_of(documents, "fast-retransmit")
    exchange = read_exchange(run, "talk")
    short = Drawing(exchange, limit=12)
    assert overlapping(short.canvas) == []
    words = texts_of(short.document())
    assert f"… {len(exchange.events) - 12:,} more …" in words
    assert len(short.document()) < len(Drawing(exchange, limit=None).document()) / 2


def test_below_a_cut_hosts_are_in_the_states_that_they_had_reached(documents: Documents) -> None:
    exchange = read_exchange(folder_of(documents, "four-way-close"), "talk")
    words = texts_of(ladder_svg(exchange, limit=4))
    cut = words.index("… 4 more …")
    assert "FIN-WAIT-1" not in words  # the cut hides how it came about
    assert words[cut + 1 : cut + 4] == ["TIME-WAIT", "CLOSED", "CLOSED"]


def test_a_drawing_loads_nothing_and_keeps_its_style_to_itself(documents: Documents) -> None:
    run = folder_of(documents, "three-way-handshake")
    for svg in (ladder_svg(read_exchange(run, "talk")), state_diagram(run)):
        assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
        root = ElementTree.fromstring(svg)
        sheet = root.findtext(f"{SVG}style") or ""
        assert "prefers-color-scheme: dark" in sheet
        rules = [line.partition("{")[0] for line in sheet.strip().splitlines() if "{" in line and "@" not in line]
        assert rules
        assert all(part.strip().startswith(f".{root.get('class')} ") for rule in rules for part in rule.split(", "))
        assert "$" not in sheet


def test_what_a_drawing_says_is_escaped() -> None:
    canvas = Canvas()
    canvas.text("a < b & c", (0, 0), "x", size=10)
    document = canvas.document(10, 10, name="n", title='"<&', told="", style="")
    assert texts_of(document) == ["a < b & c"]
    assert ElementTree.fromstring(document).findtext(f"{SVG}title") == '"<&'


def test_a_colour_is_put_in_by_its_whole_name() -> None:
    rules = {".a": "fill:$inky;stroke:$ink", ".b": "x:1"}
    sheet = style_sheet("n", rules, {"ink": "1", "inky": "2"}, {"ink": "3", "inky": "3"})
    assert ".n .a{fill:2;stroke:1}" in sheet
    assert ".n .a{fill:3;stroke:3}" in sheet
    assert sheet.count(".n .b") == 1


# -- geometry ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Box((0, 0), 10, 2), Box((9, 0), 10, 2), True),
        (Box((0, 0), 10, 2), Box((11, 0), 10, 2), False),
        (Box((0, 0), 10, 2, 45), Box((3, 0), 2, 2), True),
        (Box((0, 0), 10, 2, 45), Box((4, 0), 2, 2), False),
        (Box((0, 0), 20, 2, 45), Box((6, -6), 4, 4), False),
        (Box((0, 0), 20, 2, 45), Box((6, 6), 4, 4), True),
    ],
)
def test_boxes_that_lie_askew_touch_or_not(one: Box, other: Box, expected: bool) -> None:
    assert touch(one.corners, other.corners) is expected
    assert touch(other.corners, one.corners) is expected


# -- the state diagram ---------------------------------------------------------------------------------------


def test_the_figure_is_the_table(documents: Documents) -> None:
    for step, edge in EDGES.items():
        assert step in TRANSITIONS, "the figure has an arrow that the table has not"
        assert len(edge.way) in (2, 4)
    missing = set(TRANSITIONS) - set(EDGES)
    assert {TRANSITIONS[step] for step in missing} == {State.CLOSED}, "an arrow is missing from the figure"
    assert {state for state, _ in missing} <= set(OUTWARDS)
    assert all(TRANSITIONS[step] is State.CLOSED for step in ENDING)


@pytest.mark.parametrize("lesson", DRAWN)
def test_the_path_of_both_ends_is_in_the_diagram(lesson: str, documents: Documents) -> None:
    run = folder_of(documents, lesson)
    for connection in connections(run, "state"):
        _, paths = read_paths(run, connection)
        diagram = Diagram(paths, title=connection)
        assert overlapping(diagram.canvas) == []
        badges = [look for look in looks_of(diagram.document(), "rect") if look.startswith("badge")]
        listed = sum(map(len, paths.values()))
        ways = len({(host, step.old, step.event) for host, path in paths.items() for step in path})
        assert len(badges) == listed + ways


def test_the_path_of_a_close(documents: Documents) -> None:
    run = folder_of(documents, "four-way-close")
    words = texts_of(state_diagram(run))
    assert "receive ACK of FIN → FIN-WAIT-2" in words
    assert "timeout 2MSL → CLOSED" in words
    assert state_diagram(run) == state_diagram(run, "talk")
    lines = list(path_lines(run))
    assert lines[0] == "client · talk"
    assert any("TIME-WAIT" in line and "receive FIN" in line for line in lines)


def test_a_way_that_the_figure_leaves_out_leads_to_closed(documents: Documents) -> None:
    words = texts_of(state_diagram(folder_of(documents, "abort")))
    assert words.count("CLOSED") == 3
    assert words.count("receive RST") == 1


def shapes(diagram: Diagram) -> Sequence[str]:
    return looks_of(diagram.document(), "path")


def test_what_both_went_has_both_colours(documents: Documents) -> None:
    _, paths = read_paths(folder_of(documents, "simultaneous-open"))
    looks = shapes(Diagram(paths))
    assert looks.count("edge second also") == 3
    assert "half" in looks
