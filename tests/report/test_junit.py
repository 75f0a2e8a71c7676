"""JUnit XML: what a CI server finds in it, and that it has the form which all of them read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from testbed.errors import RunError
from testbed.report.ci.junit import junit
from testbed.report.ci.outcome import Outcome, write

FLOW = {"goodput": 2e6, "completion_time": 1.5, "retransmission_share": 0.01, "rtt_p50": 0.04}


def run(number: int = 1, status: str = "complete", expect: list[dict[str, Any]] | None = None, **more: Any) -> Any:
    return {
        "id": f"tcp.sack=true,repeat={number}", "name": "small", "clock": "virtual", "seed": number,
        "params": {"tcp.sack": True}, "repeat": number, "status": status, "stalled": [], "wall_time": 0.25,
        "flows": {"a": FLOW}, "links": {}, "expect": expect or [], **more,
    }  # fmt: skip


def row(text: str, ok: bool, **more: Any) -> dict[str, Any]:
    return {"text": text, "ok": ok, "value": 2e6, "unit": "bit/s", **more}


FAST = row("a.goodput > 1 Mbit/s", True)
SLOW = row("a.goodput > 3 Mbit/s", False, sign=">", bound=3e6)
BETTER = row("median(a.goodput[tcp.sack=on]) > 2 * median(a.goodput[tcp.sack=off])", False, sign=">", bound=9e6,
             where="links.l.loss=1%")  # fmt: skip


def suites(*outcomes: Outcome) -> list[Xml.Element]:
    """What is in the file, which is checked against the schemas on the way."""
    root = Xml.fromstring(junit(outcomes))
    check(root)
    return list(root)


# -- the form ---------------------------------------------------------------------------------------------------------

NUMBER = re.compile(r"\d+").fullmatch
SECONDS = re.compile(r"\d+\.\d+").fullmatch
WORDS = re.compile(r".+", re.DOTALL).fullmatch
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d").fullmatch
Rule = Callable[[str], object]

ATTRIBUTES: dict[str, dict[str, Rule]] = {
    "testsuites": {},
    "testsuite": {
        "name": WORDS, "package": WORDS, "id": NUMBER, "tests": NUMBER, "failures": NUMBER, "errors": NUMBER,
        "skipped": NUMBER, "hostname": WORDS, "timestamp": MOMENT, "time": SECONDS,
    },
    "properties": {}, "property": {"name": WORDS, "value": str},
    "testcase": {"name": WORDS, "classname": WORDS, "time": SECONDS},
    "failure": {"message": WORDS, "type": WORDS}, "error": {"message": WORDS, "type": WORDS},
    "skipped": {"message": WORDS}, "system-out": {}, "system-err": {},
}  # fmt: skip
"""What Ant's schema (windyroad/JUnit-Schema) requires; Jenkins's allows all of it."""

CHILDREN = {
    "testsuites": "(testsuite )*", "testsuite": "properties (testcase )*system-out system-err ",
    "properties": "(property )*", "testcase": "(failure |error |skipped )?",
}  # fmt: skip


def check(element: Xml.Element) -> None:
    """The attributes that both schemas want and know, and the children in the order that both have."""
    rules = ATTRIBUTES[element.tag]
    assert set(element.attrib) == set(rules), element.tag
    assert all(rule(element.attrib[name]) for name, rule in rules.items()), element.attrib
    assert re.fullmatch(CHILDREN.get(element.tag, ""), "".join(f"{child.tag} " for child in element)), element.tag
    for child in element:
        check(child)
    if element.tag == "testsuite":
        cases = element.findall("testcase")
        counted = {"tests": len(cases)}
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            counted[attribute] = sum(case.find(tag) is not None for case in cases)
        assert counted == {name: int(element.attrib[name]) for name in counted}


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_a_case_for_each_run_and_each_expectation() -> None:
    (suite,) = suites(
        Outcome("small", [run(1, expect=[FAST, SLOW]), run(2, expect=[FAST, FAST])], [BETTER], "results/x")
    )
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("7", "2", "0")
    assert suite.get("time") == "0.500"
    names = [case.get("name") for case in suite.findall("testcase")]
    assert names[:3] == [
        "is completed [tcp.sack=true,repeat=1]",
        "a.goodput > 1 Mbit/s [tcp.sack=true,repeat=1]",
        "a.goodput > 3 Mbit/s [tcp.sack=true,repeat=1]",
    ]
    assert names[-1] == BETTER["text"]


def test_a_failure_says_what_was_expected_and_what_came() -> None:
    (suite,) = suites(Outcome("small", [run(expect=[SLOW])], [BETTER]))
    assert [failure.get("message") for failure in suite.iter("failure")] == [
        "expected > 3 Mbit/s, came 2 Mbit/s",
        "expected > 9 Mbit/s, came 2 Mbit/s at links.l.loss=1%",
    ]


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        (row("a.complete", False, value=False, unit=""), "expected a.complete, came false"),
        (row("x in [1s, 2s]", False, value=3.0, unit="s", sign="in", bound=[1.0, 2.0]),
         "expected in [1s, 2s], came 3s"),
        (row("x < 1s", False, value=None, unit="s", sign="<", bound=1.0), "expected < 1s, came nothing"),
        (row("x < 1s", False, value=None, unit="", why="none of 3 runs was completed"),
         "expected x < 1s, but none of 3 runs was completed"),
        (row("a.error == none", False, value="reset", unit="", sign="==", bound=None), "expected == none, came reset"),
        (row("s == [A]", False, value=["A", "B"], unit="", sign="==", bound=["A"]), "expected == A, came A B"),
    ],
)  # fmt: skip
def test_every_kind_of_value_is_told(failed: dict[str, Any], message: str) -> None:
    (suite,) = suites(Outcome("small", [], [failed]))
    assert [failure.get("message") for failure in suite.iter("failure")] == [message]


@pytest.mark.parametrize("status", ["failed", "stalled", "invalid", "incomplete", "interrupted"])
def test_a_run_that_was_not_completed_is_an_error_and_what_was_expected_of_it_skipped(status: str) -> None:
    broken = run(status=status, expect=[SLOW, FAST], error="agent right died", late="agent right died")
    (suite,) = suites(Outcome("small", [broken]))
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "2")
    error = suite.find(".//error")
    assert error is not None
    assert error.get("type") == status
    assert error.get("message") == f"{status}: agent right died"


def test_an_experiment_that_broke_off_is_an_error() -> None:
    first, second = suites(Outcome("small", [run()]), Outcome("other", error="no space left on device"))
    assert [first.get("errors"), second.get("errors")] == ["0", "1"]
    assert [first.get("id"), second.get("id")] == ["0", "1"]


def test_what_no_xml_can_hold_is_replaced() -> None:
    (suite,) = suites(Outcome("small", [run(status="failed", error="\x1b[31mred\x00\ufffe <&>")]))
    error = suite.find(".//error")
    assert error is not None
    assert error.get("message") == "failed: �[31mred�� <&>"


def test_no_runs_are_no_mistake() -> None:
    assert suites() == []


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_whole_and_its_folder_made(tmp_path: Path) -> None:
    write(tmp_path / "new" / "junit.xml", "µ")
    assert (tmp_path / "new" / "junit.xml").read_text(encoding="utf-8") == "µ"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["junit.xml"]


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="file"):
        write(tmp_path / "file" / "junit.xml", "")


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, "here")
    assert os.read(reader, 10) == b"here"
    os.close(reader)
    assert not pipe.is_file()
