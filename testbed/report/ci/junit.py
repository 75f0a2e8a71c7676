"""JUnit XML, as CI servers read it: a suite for each experiment, a case for each run and for each expectation.

The form is what the schemas of Ant and of Jenkins have in common: all counts, the times, and the order of the parts. A
run that was not completed is an error, and what was expected of it is skipped; an expectation that was not met is a
failure.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as Xml

from testbed.experiment.status import COMPLETE
from testbed.report.ci.outcome import LEFT_OUT, Outcome
from testbed.report.tables import Row, Run, ending, message, written

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What cannot stand in XML 1.0, section 2.2, not even escaped."""


def junit(outcomes: Sequence[Outcome]) -> str:
    """The file's text."""
    root = Xml.Element("testsuites")
    for number, outcome in enumerate(outcomes):
        root.append(_suite(number, outcome))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(number: int, outcome: Outcome) -> Xml.Element:
    cases = list(_cases(outcome))
    counts = {
        kind: sum(case.find(tag) is not None for case in cases)
        for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    suite = _element(
        "testsuite", name=outcome.name, package="testbed", id=number, tests=len(cases), **counts,
        hostname=platform.node() or "localhost", timestamp=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        time=_time(sum(run.get("wall_time", 0.0) for run in outcome.runs)),
    )  # fmt: skip
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(outcome):
        properties.append(_element("property", name=name, value=value))
    suite.extend(cases)
    Xml.SubElement(suite, "system-out").text = _clean(outcome.folder)
    Xml.SubElement(suite, "system-err").text = _clean(outcome.error)
    return suite


def _properties(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What all runs have in common."""
    if outcome.folder:
        yield "folder", outcome.folder
    if outcome.runs:
        yield "runs", str(len(outcome.runs))
        yield "clock", outcome.runs[0]["clock"]
    for axis in dict.fromkeys(axis for run in outcome.runs for axis in run["params"]):
        values = dict.fromkeys(written(run["params"][axis]) for run in outcome.runs if axis in run["params"])
        yield axis, ", ".join(values)


def _cases(outcome: Outcome) -> Iterator[Xml.Element]:
    for run in outcome.runs:
        yield from _of_run(outcome.name, run, f" [{run['id']}]" if len(outcome.runs) > 1 else "")
    for row in outcome.expect:
        yield _judged(outcome.name, row, row["text"])
    for text in outcome.left_out:
        yield _case(outcome.name, text, ("skipped", LEFT_OUT, ""))
    if outcome.error:
        yield _case(outcome.name, "carried out", ("error", outcome.error, "broken off"))


def _of_run(name: str, run: Run, which: str) -> Iterator[Xml.Element]:
    """That it was completed, and what was expected of it."""
    complete = run["status"] == COMPLETE
    problem = None if complete else ("error", ending(run), run["status"])
    yield _case(name, f"is completed{which}", problem, "\n".join(run.get("stalled") or []), run.get("wall_time", 0.0))
    for row in run["expect"]:
        if complete:
            yield _judged(name, row, f"{row['text']}{which}")
        else:
            yield _case(name, f"{row['text']}{which}", ("skipped", ending(run), ""))


def _judged(name: str, row: Row, text: str) -> Xml.Element:
    return _case(name, text, None if row["ok"] else ("failure", message(row), "expectation"), row["text"])


def _case(
    suite: str, name: str, problem: tuple[str, str, str] | None, more: str = "", took: float = 0.0
) -> Xml.Element:
    """A case; a `problem` is its kind, what it says, and its type."""
    case = _element("testcase", classname=suite, name=name, time=_time(took))
    if problem is not None:
        tag, said, kind = problem
        inner = _element(tag, message=said, **({"type": kind} if kind else {}))
        inner.text = _clean(f"{more}\n{said}" if more and tag == "failure" else more or said) if kind else None
        case.append(inner)
    return case


def _element(tag: str, **attributes: object) -> Xml.Element:
    return Xml.Element(tag, {name: _clean(str(value)) for name, value in attributes.items()})


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
