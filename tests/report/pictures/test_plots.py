"""Every plot of the table, of an ordinary run and of odd ones."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import pytest

from testbed.errors import ConfigError
from testbed.report.catalogue import catalogue
from testbed.report.plot.marks import scale
from testbed.report.plot.picture import Picture
from testbed.report.plot.plot import COLUMN, Options
from testbed.report.plot.settings import settings
from testbed.report.plots import PLOTS, draw, render

Documents = Callable[[str], list[dict[str, Any]]]

ODD = ["no losses", "one packet", "a hundred flows"]

OVER_RUNS = ["scatter", "cdf", "box", "heat", "time-series"]
CHARTS = [name for name, plot in PLOTS.items() if "pdf" in plot.formats]
OVER_TIME = [name for name in CHARTS if name not in OVER_RUNS]


def source_of(name: str) -> str:
    """The runs that a plot is made for."""
    return "sweep" if name in OVER_RUNS else "ordinary"


def middle_of(box: Any, data: Any) -> tuple[float, float]:
    """The middle of a tick's label, moved to its tick on the nearest edge."""
    return max(data.x0, (box.x0 + box.x1) / 2), max(data.y0, (box.y0 + box.y1) / 2)


# -- the contract --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_the_same_file_every_time_and_its_text_is_text(name: str, documents: Documents) -> None:
    runs = documents(source_of(name))
    first = render(name, runs, "svg")
    assert first == render(name, runs, "svg")
    root = ElementTree.fromstring(first)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert len([word for word in words if word.strip()]) > 3


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_its_axes_with_their_units_and_covers_nothing(name: str, documents: Documents) -> None:
    figure = draw(name, documents(source_of(name)))
    figure.draw_without_rendering()
    (main, *_) = figure.axes
    assert main.get_xlabel()
    assert main.get_ylabel() or name == "box"
    renderer = figure.canvas.get_renderer()
    data = main.get_window_extent(renderer)
    ticks = [*main.xaxis.get_ticklabels(), *main.yaxis.get_ticklabels()]
    shown = [tick.get_window_extent(renderer) for tick in ticks if tick.get_text()]
    shown = [box for box in shown if data.padded(1).contains(*middle_of(box, data))]  # beyond the limits is not drawn
    words = [*shown, *(label.get_window_extent(renderer) for label in (main.xaxis.label, main.yaxis.label))]
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert not box.overlaps(data)
        assert not any(box.overlaps(word) for word in words)
        assert box.x1 <= figure.bbox.x1 + 1, "the legend is wider than the picture"
    assert not main.xaxis.label.get_window_extent(renderer).overlaps(data)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", [name for name in PLOTS if name != "heat"])
def test_a_plot_can_be_drawn_of_an_odd_run(name: str, odd: str, documents: Documents) -> None:
    picture = draw(name, documents(odd))
    if isinstance(picture, Picture):
        picture.draw_without_rendering()
        assert picture.axes
    else:
        ElementTree.fromstring(picture)


@pytest.mark.parametrize("name", [name for name, plot in PLOTS.items() if plot.kinds])
def test_what_was_not_recorded_is_told_with_the_switch(name: str, documents: Documents) -> None:
    with pytest.raises(ConfigError, match=r"switch .* on in the experiment, `trace: \{\w+: true"):
        draw(name, documents("nothing recorded"))


@pytest.mark.parametrize("name", [name for name, plot in PLOTS.items() if plot.single])
def test_a_plot_of_one_run_says_so_to_several_and_names_them(name: str, documents: Documents) -> None:
    with pytest.raises(ConfigError, match="shows one run, and here are 12"):
        draw(name, documents("sweep"))


def test_every_plot_says_in_a_line_what_it_is() -> None:
    told = dict(catalogue("plots"))
    assert list(told) == list(PLOTS)
    assert all(20 < len(line) < 120 for line in told.values())


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "magic"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_other_formats_are_the_same_every_time_too(form: str, magic: bytes, documents: Documents) -> None:
    first = render("cwnd", documents("ordinary"), form)
    assert first.startswith(magic)
    assert first == render("cwnd", documents("ordinary"), form)


def test_a_pdf_keeps_its_letters_as_letters(documents: Documents) -> None:
    assert b"/FontFile2" in render("cwnd", documents("ordinary"), "pdf")  # TrueType: fonttype 42


def test_a_file_says_whence_it_came(documents: Documents) -> None:
    assert b"ordinary, run" in render("cwnd", documents("ordinary"), "svg")
    assert b"sweep, 12 runs" in render("box", documents("sweep"), "svg")


def test_a_drawing_is_svg_only(documents: Documents) -> None:
    with pytest.raises(ConfigError, match="it can be as: svg"):
        render("ladder", documents("ordinary"), "pdf")


# -- what can be asked ---------------------------------------------------------------------------------------


def test_a_flow_and_a_stretch_of_time_can_be_chosen(documents: Documents) -> None:
    axes = draw("cwnd", documents("ordinary"), flow="f2", begin="20ms", end=0.06).axes[0]
    assert axes.get_xlabel() == "time (ms)"
    left, right = axes.get_xlim()
    assert 19 < left < 20 < 60 < right < 61
    assert axes.lines[0].get_label() == "f2"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"flow": "f3"}, "no flow 'f3'"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"begin": "3"}, "needs a unit|is a number and a unit"),
    ],
)
def test_a_wrong_wish_is_answered_with_what_there_is(asked: dict[str, Any], message: str, documents: Documents) -> None:
    with pytest.raises(Exception, match=message):
        draw("cwnd", documents("ordinary"), **asked)


def test_an_unknown_link_metric_axis_and_plot(documents: Documents) -> None:
    for name, runs, asked, message in (
        ("queue", "ordinary", {"link": "wier"}, "did you mean 'wire'"),
        ("box", "sweep", {"metric": "goodptu"}, "did you mean 'goodput'"),
        ("box", "sweep", {"metric": "from"}, "no metric 'from'"),
        ("box", "sweep", {"by": "tcp.sakc"}, "did you mean 'tcp.sack'"),
        ("cwdn", "ordinary", {}, "did you mean 'cwnd'"),
        ("heat", "ordinary", {}, "needs a sweep over two axes"),
    ):
        with pytest.raises(ConfigError, match=message):
            draw(name, documents(runs), **asked)


def test_a_picture_has_the_width_that_is_asked_for(documents: Documents) -> None:
    assert draw("cwnd", documents("no losses")).get_size_inches()[0] == COLUMN
    assert list(draw("cwnd", documents("no losses"), width=7, height=2).get_size_inches()) == [7, 2]


def test_the_look_of_a_notebook_does_not_change_ours(documents: Documents) -> None:
    import matplotlib

    plain = render("cwnd", documents("no losses"), "svg")
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": False}):
        assert render("cwnd", documents("no losses"), "svg") == plain


def test_no_figure_is_known_to_pyplot(documents: Documents) -> None:
    import sys

    draw("cwnd", documents("no losses"))
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


# -- settings ------------------------------------------------------------------------------------------------


def test_settings_are_in_order_of_their_values(documents: Documents) -> None:
    found = settings(documents("sweep"))
    assert [one.label for one in found[:3]] == [
        "loss=0%, sack=true",
        "loss=0%, sack=false",
        "loss=5%, sack=true",
    ] or [one.label for one in found[:3]] == ["loss=0%, sack=false", "loss=0%, sack=true", "loss=5%, sack=false"]
    assert [len(one.runs) for one in found] == [2] * 6
    assert [one.label for one in settings(documents("sweep"), ("loss",))] == ["loss=0%", "loss=5%", "loss=10%"]


@pytest.mark.parametrize(
    ("unit", "largest", "shown"),
    [("s", 12.0, "s"), ("s", 0.3, "ms"), ("B", 50_000, "kB"), ("bit/s", 9e6, "Mbit/s"), ("packets", 5, "packets")],
)
def test_numbers_on_an_axis_are_short(unit: str, largest: float, shown: str) -> None:
    size, name = scale(unit, largest)
    assert name == shown
    assert 1 <= largest / size < 1000


def test_options_have_the_words_of_the_command_line() -> None:
    from testbed.cli.pictures import plot

    known = {parameter.name for parameter in plot.params}
    assert set(Options.__dataclass_fields__) <= known
