"""Pages in a browser: nothing is complained of, charts are drawn and zoom together, nothing is too wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Page

pytestmark = [pytest.mark.tool("chromium"), pytest.mark.slow]

Browse = Callable[..., tuple[str, str]]


@pytest.mark.parametrize("which", ["run", "sweep"])
def test_nothing_is_complained_of(
    which: str, request: pytest.FixtureRequest, page_of: Callable[..., Page], browse: Browse
) -> None:
    shown, complaints = browse(page_of(request.getfixturevalue(which)).text)
    assert complaints == ""
    assert 'data-ready="yes"' in shown


def test_every_chart_is_drawn_with_its_legend(run: Path, page_of: Callable[..., Page], browse: Browse) -> None:
    shown, _ = browse(page_of(run).text)
    assert shown.count('class="uplot') == 7
    assert shown.count('class="legend"') == 7


def test_charts_zoom_together_and_back(run: Path, page_of: Callable[..., Page], browse: Browse) -> None:
    script = """
      const seen = () => charts.all.map(({plot}) => `${plot.scales.x.min.toFixed(3)}-${plot.scales.x.max.toFixed(3)}`);
      setTimeout(() => {
        charts.zoom(0.5, 0.75);
        setTimeout(() => {
          document.body.dataset.zoomed = [...new Set(seen())].join(",");
          charts.all[0].place.dispatchEvent(new KeyboardEvent("keydown", {key: "0"}));
          setTimeout(() => { document.body.dataset.back = [...new Set(seen())].join(","); }, 200);
        }, 200);
      }, 200);
    """
    shown, complaints = browse(page_of(run).text, script)
    assert complaints == ""
    assert 'data-zoomed="0.500-0.750"' in shown
    assert re.search(r'data-back="0.000-\d\.\d+"', shown)


def test_hovering_tells_the_cause(run: Path, page_of: Callable[..., Page], browse: Browse) -> None:
    script = """
      setTimeout(() => {
        const over = charts.all[0].plot.over, box = over.getBoundingClientRect();
        for (const type of ["mouseenter", "mousemove"])
          over.dispatchEvent(new MouseEvent(type, {clientX: box.left + box.width / 2, clientY: box.top + 20}));
        setTimeout(() => { document.body.dataset.tip = document.querySelector(".tip")?.textContent ?? "none"; }, 300);
      }, 300);
    """
    shown, complaints = browse(page_of(run).text, script)
    assert complaints == ""
    assert re.search(r'data-tip="[\d.]+ sa cwnd [\d.]+ kB \w+', shown)


def test_a_metric_can_be_chosen(sweep: Path, page_of: Callable[..., Page], browse: Browse) -> None:
    script = """
      const chooser = document.querySelector('[data-chooses="metric"]');
      const shown = () => [...document.querySelectorAll("[data-metric]")].filter((e) => !e.hidden);
      chooser.value = "rtt_mean";
      chooser.dispatchEvent(new Event("change"));
      document.body.dataset.shown = [...new Set(shown().map((e) => e.dataset.metric))].join(",");
    """
    shown, complaints = browse(page_of(sweep).text, script)
    assert complaints == ""
    assert 'data-shown="rtt_mean"' in shown


@pytest.mark.parametrize("which", ["run", "sweep"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_is_no_wider_than_its_window(
    width: int, which: str, request: pytest.FixtureRequest, page_of: Callable[..., Page], browse: Browse
) -> None:
    shown, _ = browse(page_of(request.getfixturevalue(which)).text, width=width)
    assert re.search(r'data-wide="(\d+)"', shown)
    assert f'data-wide="{width}"' in shown
