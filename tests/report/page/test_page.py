"""Whole pages: what stands on them, that they hold together, and that they ask nobody for anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.errors import ConfigError
from testbed.report.page.report import write_report

from .conftest import Page

RUN_SECTIONS = ["verdicts", "numbers", "time", "segments", "topology", "parameters", "origin"]

PAIR = "topology: {hosts: [a, b], links: {l: {ends: [a, b], rate: 1Mbit/s, delay: 10ms}}}\n"

ODD = {
    "nothing recorded": (
        "name: n\n" + PAIR
        + "trace: {segment: false, cwnd: false, queue: false, app: false, drop: false, mark: false}\n"
        "traffic: [{name: x, app: bulk, from: a, to: b, size: 50kB}]\n",
        "was not recorded",
    ),
    "one packet": (
        "name: n\n" + PAIR.replace("delay: 10ms", "loss: 100%") + "duration: 500ms\n"
        "traffic: [{name: x, app: bulk, from: a, to: b, size: 100B}]\n",
        "Still going when the run ended: x",
    ),
    "no losses": (
        "name: n\n" + PAIR + "traffic: [{name: x, app: bulk, from: a, to: b, size: 2kB}]\n",
        "Drops and marks, so far : nothing of the kind happened in this run",
    ),
    "two machines, nothing sent": (
        "name: n\n" + PAIR + "duration: 100ms\ntraffic: [{name: x, app: sink, to: b}]\n",
        "No connection sent anything",
    ),
}  # fmt: skip


def embedded(page: Page, name: str) -> object:
    found = re.search(rf'<script type="application/json" id="data-{name}">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_run_has_all_sections_verdicts_first(run: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(run)
    assert page.sections == RUN_SECTIONS
    assert page.size < 1_000_000


def test_what_was_expected_is_told_with_what_came(run: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(run)
    assert re.search(r'<li class="good"><code>a.complete</code>', page.text)
    assert re.search(
        r'<li class="bad"><code>a.goodput &gt; 900 Mbit/s</code><span class="seen">[\d.]+ [kM]bit/s', page.text
    )


def test_the_numbers_are_in_the_page(run: Path, page_of: Callable[..., Page]) -> None:
    summary = embedded(page_of(run), "summary")
    assert isinstance(summary, dict)
    assert summary["flows"]["a"]["bytes_delivered"] == 300_000
    assert summary["trace_sha256"]


def test_series_have_a_value_for_each_time_and_a_cause_for_each_change(run: Path, page_of: Callable[..., Page]) -> None:
    charts = embedded(page_of(run), "charts")
    assert isinstance(charts, dict)
    assert [chart["name"] for chart in charts["charts"]] == ["cwnd", "rtt", "goodput", "in_flight", "queue", "drops"]
    for chart in charts["charts"]:
        assert all(len(series["t"]) == len(series["y"]) for series in chart["series"])
    cwnd = charts["charts"][0]["series"][0]
    assert {charts["words"][number] for number in cwnd["notes"]} & {
        "recovery",
        "fast retransmit",
        "loss",
        "acknowledged",
    }


def test_every_parameter_has_its_unit_and_its_meaning(run: Path, page_of: Callable[..., Page]) -> None:
    said = page_of(run).said
    assert "tcp.rto_min 1s" in said
    assert "rate 2 Mbit/s Bits a second" in said


@pytest.mark.parametrize("which", ["run", "sweep"])
def test_a_page_asks_nobody_for_anything(
    which: str, request: pytest.FixtureRequest, page_of: Callable[..., Page]
) -> None:
    page = page_of(request.getfixturevalue(which))
    for name, attributes in page.elements:
        for key in ("src", "href", "data", "action"):
            target = attributes.get(key) or ""
            assert not re.match(r"(?i)\s*([a-z]+:|//)", target), (name, target)
        assert name not in ("link", "img", "iframe", "object")
    assert "@import" not in page.text
    assert re.findall(r"url\(", page.text) == []
    assert set(re.findall(r"https?://[^\s\"'<)]+", page.text)) <= {"https://github.com/leeoniya/uPlot"}  # its comment


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_run_has_a_sensible_page(
    odd: str, folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    text, told = ODD[odd]
    page = page_of(folder_of(text))
    assert page.sections == RUN_SECTIONS
    assert told in page.said


def test_what_was_not_recorded_is_told_with_the_way_to_have_it(
    folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    page = page_of(folder_of(ODD["nothing recorded"][0]))
    assert "trace: {cwnd: true}" in page.said
    assert "trace: {segment: true}" in page.said


def damaged(folder: Path, **changes: object) -> Path:
    """A run's folder whose documents say something else."""
    (run,) = folder.glob("runs/*")
    for name in ("manifest.json", "summary.json"):
        document = json.loads((run / name).read_text())
        (run / name).write_text(json.dumps(document | {key: changes[key] for key in changes}))
    return folder


@pytest.mark.parametrize(
    ("status", "more", "told"),
    [
        ("stalled", {"stalled": ["a <waits> for b"]}, "a <waits> for b"),
        ("failed", {"error": "the world ended", "flows": {}, "links": {}, "jain": None}, "failed: the world ended"),
        ("interrupted", {}, "interrupted"),
        ("incomplete", {"error": "agent left died"}, "incomplete: agent left died"),
    ],
)
def test_a_run_that_did_not_end_well_says_so_first(
    status: str, more: dict[str, object], told: str, folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    page = page_of(damaged(folder_of(ODD["no losses"][0]), status=status, **more))
    assert page.sections == RUN_SECTIONS
    assert page.said.index(told) < page.said.index("In numbers", page.said.index("Where it comes from") + 20)


def test_names_may_hold_anything(folder_of: Callable[[str], Path], page_of: Callable[..., Page]) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    page = page_of(damaged(folder_of(ODD["no losses"][0]), name=evil, error=evil, status="failed", expect=[
        {"text": evil, "ok": False, "value": evil, "unit": ""},
    ]))  # fmt: skip
    assert "<img" not in page.text
    assert page.said.count(evil) >= 3


def test_a_hundred_flows_stay_small(
    tmp_path: Path, folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    flows = "\n".join(f"  - {{name: f{n}, app: bulk, from: a, to: b, size: 60kB}}" for n in range(100))
    page = page_of(folder_of(f"name: n\nduration: 2s\n{PAIR.replace('1Mbit/s', '20Mbit/s')}traffic:\n{flows}\n"))
    assert page.size < 1_500_000
    assert "100 ends of connections sent data" in page.said


# -- sweeps -----------------------------------------------------------------------------------------------------------


def test_a_sweep_compares_its_settings(sweep: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(sweep)
    assert page.sections == [
        "verdicts", "settings", "trade-off", "spread", "maps", "multiples", "runs", "topology", "parameters", "origin",
    ]  # fmt: skip
    assert page.size < 5_000_000
    assert "held in all 12 runs" in page.said
    assert "median(a.goodput[links.l.loss=0%]) > median(a.goodput[links.l.loss=3%])" in page.said


def test_each_axis_has_its_verdict_in_words(sweep: Path, page_of: Callable[..., Page]) -> None:
    from testbed.comparison.compare import compare
    from testbed.store.folder import find_runs, read_runs

    said = page_of(sweep).said
    for axis in ("links.l.loss", "links.l.delay"):
        (verdict,) = compare(read_runs(find_runs([sweep])), axis, "goodput").verdicts
        assert f"By {axis} goodput of a: {verdict}" in said
        assert said.count(verdict) == 1
        assert f"Goodput of a by {axis} Differences from" in said


def test_verdicts_are_about_what_the_expectations_speak_of(
    folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    traffic = "traffic: [{name: x, app: bulk, from: a, to: b}, {name: y, app: bulk, from: b, to: a, size: 20kB}]\n"
    rest = """duration: 300ms
repeat: 3
zip:
  - {tcp.sack: [false, true, true], tcp.rack: [false, false, true], tcp.tail_loss_probe: [false, false, true]}
expect: ["median(y.completion_time[tcp.rack=on]) > 0 s", "mean(y.timeouts[tcp.rack=on]) < 9", y.complete]
"""
    said = page_of(folder_of(f"name: n\n{PAIR}{traffic}{rest}")).said
    head = said.split("All 9 runs are complete")[1].split("By setting")[0]
    assert "By tcp.sack completion time of y: " in head
    assert "By tcp.rack and tcp.tail_loss_probe completion time of y: " in head
    assert "also timeouts of y" in head
    assert "goodput" not in head
    assert "never run under the same circumstances" not in said


def test_axes_that_advance_together_are_compared_together(
    folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    flow = "traffic: [{name: x, app: bulk, from: a, to: b}]\nduration: 300ms\nrepeat: 2\n"
    page = page_of(folder_of(f"name: n\n{PAIR}{flow}zip: {{links.l.delay: [1ms, 9ms], tcp.initial_window: [2, 10]}}\n"))
    assert "by links.l.delay and tcp.initial_window" in page.said
    assert "never run under the same circumstances" not in page.said
    assert "maps" not in page.sections


def test_what_the_file_says_of_itself_stands_below_the_title(
    folder_of: Callable[[str], Path], page_of: Callable[..., Page]
) -> None:
    page = page_of(folder_of("# Why <so>?\n#\n# Because.\n" + ODD["no losses"][0]))
    assert "Why <so>? Because." in page.said[: page.said.index("Complete:")]


def test_every_choice_of_a_metric_shows_something(sweep: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(sweep)
    chooser = page.text[page.text.index('<select data-chooses="metric">') :].partition("</select>")[0]
    metrics = re.findall(r'<option value="([^"]+)"', chooser)
    assert metrics[:2] == ["goodput", "rtt_mean"]
    figures = {attributes.get("data-metric") for name, attributes in page.elements if name == "figure"}
    assert figures - {None} == set(metrics)


def test_a_sweep_embeds_every_run_by_column(sweep: Path, page_of: Callable[..., Page]) -> None:
    told = embedded(page_of(sweep), "runs")
    assert isinstance(told, dict)
    runs = told["runs"]
    assert runs["params"]["links.l.loss"].count("3%") == 6
    assert all(len(column["values"]) == 12 for column in runs["metrics"].values())


def test_runs_lead_to_their_manifests(sweep: Path, tmp_path: Path) -> None:
    page = write_report([str(sweep)])
    assert page == sweep / "report.html"
    links = re.findall(r'href="([^"#]+manifest.json)"', page.read_text())
    assert len(links) == 12
    from urllib.parse import unquote

    assert all((sweep / unquote(target)).is_file() for target in links)


def test_a_sweep_with_a_failed_run_says_which(folder_of: Callable[[str], Path], page_of: Callable[..., Page]) -> None:
    folder = folder_of(
        "name: n\n" + PAIR + "traffic: [{name: x, app: bulk, from: a, to: b, size: 20kB}]\n"
        "matrix: {links.l.delay: [1ms, 2ms]}\n"
    )
    (first, _) = sorted(folder.glob("runs/*"))
    for name in ("manifest.json", "summary.json"):
        document = json.loads((first / name).read_text())
        (first / name).write_text(
            json.dumps(document | {"status": "failed", "error": "why not", "flows": {}, "links": {}})
        )
    assert "1 of 2 runs failed: 1ms, repetition 1. The first: failed: why not" in page_of(folder).said


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_page_lies_in_the_runs_folder_unless_told(run: Path) -> None:
    page = write_report([str(run)])
    assert page.name == "report.html"
    assert page.parent.parent.name == "runs"
    assert not list(page.parent.glob(".*"))


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no run"):
        write_report([str(tmp_path)])
