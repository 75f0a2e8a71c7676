"""Elements: what is not HTML is escaped, wherever it stands."""

from __future__ import annotations

import json

import pytest

from testbed.report.page.markup.html import data, marked, table, tag
from testbed.report.page.markup.svg import Scale

EVIL = "<script>alert(1)</script>\"'&"


def test_what_stands_in_an_element_is_escaped() -> None:
    assert tag("p", EVIL) == "<p>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;</p>"


def test_an_element_in_an_element_is_not_escaped_again() -> None:
    assert tag("p", tag("b", "<")) == "<p><b>&lt;</b></p>"


def test_what_stands_in_an_attribute_is_escaped() -> None:
    assert tag("a", "x", title='"><i>') == '<a title="&quot;&gt;&lt;i&gt;">x</a>'


def test_attributes_that_are_none_or_false_are_left_out() -> None:
    assert tag("input", checked=True, disabled=False, id=None, class_="c", data_flow=0) == (
        '<input checked class="c" data-flow="0">'
    )


def test_data_cannot_end_its_element_and_is_the_same_when_read_back() -> None:
    value = {"name": f"</script><!--{EVIL}", "n": [1, None, 2.5]}
    element = data("x", value)
    inside = element[element.index(">") + 1 : -len("</script>")]
    assert "<" not in inside
    assert json.loads(inside) == value


def test_data_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        data("x", float("nan"))


def test_a_table_has_headings_for_its_columns_and_its_rows() -> None:
    drawn = table("Flows", ("flow", "rate"), [("a", 1)])
    assert '<th scope="col">flow</th>' in drawn
    assert '<th scope="row">a</th><td class="number">1</td>' in drawn


def test_backticks_are_code() -> None:
    assert marked("say `x < y` twice, or ` once") == "say <code>x &lt; y</code> twice, or  once"


def test_a_logarithmic_scale_has_equal_steps_for_equal_factors() -> None:
    scale = Scale(1, 100, 0, 200, log=True)
    assert [scale.at(value) for value in (1, 10, 100)] == pytest.approx([0, 100, 200])


def test_a_scale_runs_backwards_when_asked() -> None:
    assert [Scale(0, 10, 100, 0).at(value) for value in (0, 10)] == [100, 0]


@pytest.mark.parametrize(
    ("low", "high", "log"), [(0, 1, False), (3, 3, False), (0, 0, False), (7, 7, True), (1, 9e9, True)]
)
def test_every_scale_has_ticks_inside_its_limits(low: float, high: float, log: bool) -> None:
    scale = Scale(low, high, 0, 100, log=log)
    assert scale.ticks()
    assert all(-0.2 <= scale.at(tick) <= 100.2 for tick in scale.ticks())
