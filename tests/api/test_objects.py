"""What Python programs and notebooks get: runs, sweeps, and all results."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import testbed
from testbed.errors import ConfigError

FILE = """
name: small
topology: {hosts: [left, right], links: {path: {ends: [left, right], rate: 10Mbit/s, delay: 5ms}}}
traffic: [{name: a, app: bulk, from: left, to: right, size: 20kB}]
expect: [a.goodput > 1 Mbit/s]
"""
AXIS = {"tcp.rto_min": ["200ms", "1s"]}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "small.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def swept(file: Path) -> Any:
    """Two settings, twice."""
    return testbed.sweep(file, set=AXIS, repeat=2, results=file.parent / "results", jobs=1, progress=False)


# -- what can be called --------------------------------------------------------------------------------------------


def test_a_list_makes_an_axis(swept: Any) -> None:
    assert len(swept) == 4
    assert {run["params"]["tcp.rto_min"] for run in swept} == {"200ms", "1s"}
    assert swept.ok
    assert swept.folder.is_dir()


def test_a_sweep_that_was_done_is_not_done_again(file: Path, swept: Any) -> None:
    again = testbed.sweep(file, set=AXIS, repeat=2, results=file.parent / "results", jobs=1, progress=False)
    assert again.reused == 4
    assert "4 of them done before" in again._repr_html_()


def test_sweep_can_be_called_whatever_was_imported_first() -> None:
    for first in ("import testbed.sweeps.run", "from testbed import sweep", "from testbed.sweeps import run", "pass"):
        code = f"{first}\nimport testbed\nassert callable(testbed.sweep)\nfrom testbed.sweeps.run import Swept"
        subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_costs_nothing() -> None:
    code = "import sys, testbed; print(sorted({'polars', 'numpy', 'rich', 'click', 'yaml'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_mistakes_are_the_same_typed_errors(file: Path, tmp_path: Path) -> None:
    for wrong in (
        lambda: testbed.sweep(file, set={"tcp.rto_mn": ["1s"]}, results=tmp_path, progress=False),
        lambda: testbed.results(tmp_path / "nowhere"),
        lambda: testbed.results(tmp_path).query("select"),
        lambda: testbed.compare(str(tmp_path / "nowhere")),
        lambda: testbed.check("nowhere.yaml"),
    ):
        with pytest.raises(testbed.ConfigError):
            wrong()


# -- inside a running loop -----------------------------------------------------------------------------------------


async def test_a_run_a_sweep_and_a_comparison_work_inside_a_running_loop(file: Path, tmp_path: Path) -> None:
    """As in a notebook, whose loop runs while a cell does."""
    result = testbed.run(file, results=tmp_path)
    swept = testbed.sweep(file, set=AXIS, repeat=3, results=tmp_path, jobs=2, progress=False)
    assert result.ok
    assert len(swept) == 6
    assert testbed.compare(swept, by="tcp.rto_min").settings
    assert len(testbed.results(tmp_path)) == 7


async def test_real_time_works_inside_a_running_loop(file: Path, tmp_path: Path) -> None:
    result = testbed.run(file, clock="real", results=tmp_path, allow_late=True)
    assert result["flows"]["a"]["bytes_delivered"] == 20_000


# -- tables --------------------------------------------------------------------------------------------------------


def test_a_frame_has_a_row_a_run_and_flow(swept: Any) -> None:
    frame = swept.frame()
    assert isinstance(frame, pl.DataFrame)
    assert len(frame) == 4
    assert frame["params.tcp.rto_min"].to_list() == ["200ms", "200ms", "1s", "1s"]
    assert frame["goodput"].min() > 1e6
    assert len(swept.runs[0].frame()) == 1


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="the extra `pandas` is not installed")
def test_a_frame_of_pandas_is_the_same(swept: Any) -> None:
    frame = swept.frame("pandas")
    assert list(frame.columns) == swept.frame().columns
    assert frame["goodput"].tolist() == swept.frame()["goodput"].to_list()
    assert frame["error"].isna().all()


def test_without_pandas_the_extra_is_named(swept: Any) -> None:
    code = (
        "import sys; sys.modules['pandas'] = None\nimport polars as pl, testbed\n"
        "from testbed.api.tables import as_kind\n"
        "try: as_kind(pl.DataFrame({'x': [1]}), 'pandas')\n"
        "except testbed.ConfigError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'testbed[pandas]'" in said


def test_a_table_of_something_else_is_a_mistake(swept: Any) -> None:
    with pytest.raises(ConfigError, match="polars or pandas"):
        swept.frame("numpy")


# -- results -------------------------------------------------------------------------------------------------------


def test_results_are_counted_filtered_and_asked(file: Path, swept: Any) -> None:
    found = testbed.results(file.parent / "results")
    assert len(found) == len(list(found)) == 4
    assert len(found.where("params.tcp.rto_min = '1s'")) == 2
    assert found.query("select count(*) as n from flows where goodput > 1Mbit/s").item() == 4
    assert found.trace("state").collect()["run"].n_unique() == 4
    assert found.frame(table="links")["link"].unique().to_list() == ["path"]
    assert all(isinstance(run, testbed.api.Run) for run in found.runs)
    assert found.runs[0].trace("cwnd").height > 0
    assert found.runs[0].spec["name"] == "small"


def test_folders_can_be_compared(file: Path, swept: Any) -> None:
    told = [
        testbed.compare(given, by="tcp.rto_min", metric="a.goodput").as_dict()
        for given in (swept, swept.runs, str(swept.folder), [swept.folder], testbed.results(swept.folder))
    ]
    assert all(one["settings"] == told[0]["settings"] for one in told)
    assert [setting["n"] for setting in told[0]["settings"]] == [2, 2]


# -- what notebooks show -------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The text of a page, and its tags, which must all be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tags: set[str] = set()
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_each_object_shows_a_small_table(file: Path, swept: Any) -> None:
    for shown in (swept, swept.runs[0], testbed.results(file.parent / "results"), testbed.compare(swept)):
        page = Page(shown._repr_html_())
        assert "table" in page.tags
        assert re.search(r"\d Mbit/s", page.text)
    assert "✓ a.goodput > 1 Mbit/s" in Page(swept.runs[0]._repr_html_()).text
    assert repr(swept).startswith("<Sweep of small: 4 runs, ok, in ")


def test_a_table_takes_the_colours_of_its_page(swept: Any) -> None:
    """Nothing sets a colour that would be wrong on light or dark."""
    colours = set(re.findall(r"(?:color|background)\s*:\s*([^;'\"]+)", swept._repr_html_()))
    assert colours <= {"inherit", "transparent"}


def test_what_users_wrote_is_escaped(tmp_path: Path) -> None:
    wrote = "<script>alert(1)</script>"
    run = testbed.api.Run(
        id="run", name=wrote, seed=1, params={wrote: wrote}, status=wrote, folder=".", error=wrote, expect=[],
        flows={wrote: dict.fromkeys(("goodput", "completion_time")) | {
            "from": wrote, "to": "x", "retransmitted_segments": 0}},
    )  # fmt: skip
    for shown in (run, testbed.api.Result(wrote, tmp_path, [run, run])):
        page = Page(shown._repr_html_())
        assert "script" not in page.tags
        assert wrote in page.text


def test_a_long_table_is_cut(swept: Any) -> None:
    many = testbed.api.Sweep("many", swept.folder, swept.runs * 30)
    page = Page(many._repr_html_())
    assert page.text.count("left → right") == 20
    assert "… 100 more" in page.text


def test_a_broken_expectation_is_seen(file: Path, tmp_path: Path) -> None:
    result = testbed.run(file, set={"expect": ["a.goodput > 1 Gbit/s"]}, results=tmp_path)
    assert not result.ok
    assert "✗ a.goodput > 1 Gbit/s" in Page(result._repr_html_()).text


# -- pictures and pages --------------------------------------------------------------------------------------------


def test_a_plot_shows_itself(swept: Any) -> None:
    from matplotlib.figure import Figure

    figure = swept.runs[0].plot("cwnd")
    assert isinstance(figure, Figure)
    assert swept.plot("box", metric="goodput") is not None
    with pytest.raises(ConfigError, match="did you mean 'cwnd'"):
        swept.runs[0].plot("cwmd")


def test_a_report_is_written(swept: Any, tmp_path: Path) -> None:
    for shown in (swept, swept.runs[0]):
        path = shown.report(tmp_path / "page.html")
        assert path == tmp_path / "page.html"
        assert path.read_text().lstrip().lower().startswith("<!doctype html")


def test_of_runs_that_were_not_kept_there_is_no_report(file: Path) -> None:
    result = testbed.run(file, results=None)
    assert result["flows"]["a"]["bytes_delivered"] == 20_000
    with pytest.raises(ConfigError, match="were not kept"):
        result.report()


# -- progress ------------------------------------------------------------------------------------------------------


def test_a_sweep_says_in_words_what_need_not_be_run(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for progress, told in ((True, ""), (True, "2 of 2 runs were done before, and are taken over\n"), (False, "")):
        testbed.sweep(file, set=AXIS, results=tmp_path, jobs=1, progress=progress)
        assert capsys.readouterr().err == told


def test_progress_is_a_line_that_is_not_repeated() -> None:
    from testbed.api.progress import Telling
    from testbed.sweeps.standing import Standing

    told: list[str] = []
    tell = Telling(told.append)
    for done in (0, 0, 1, 4):
        tell(Standing("small", done, 0, 4, ()))
    assert [line.split("]")[1] for line in told] == [" 0/4 runs", " 1/4 runs", " 4/4 runs\n"]
    assert told[-1].count("=") == 30
