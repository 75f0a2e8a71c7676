"""A summary in Markdown for the page of a CI job: verdicts first, then medians by setting, then every failure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from testbed.experiment.status import COMPLETE, went_well
from testbed.report.axes import short
from testbed.report.ci.outcome import LEFT_OUT, Outcome
from testbed.report.sweep import by_setting, medians, unmet
from testbed.report.tables import RETRANSMITTED, Row, Run, ending, message, together, told

MOST: Final = 50
"""Failures, or rows of a table, that are shown; the others are counted. A page of a CI job has its limit."""

GOOD, BAD, NEITHER = "✅", "❌", "⚪"


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The file's text."""
    return "\n".join(line for outcome in outcomes for line in _experiment(outcome))


def _experiment(outcome: Outcome) -> Iterator[str]:
    good = not outcome.error and all(map(went_well, outcome.runs)) and all(row["ok"] for row in outcome.expect)
    runs = f" · {len(outcome.runs)} run{'s' if len(outcome.runs) > 1 else ''}" if outcome.runs else ""
    yield f"## {GOOD if good else BAD} {_text(outcome.name)}{runs}"
    yield ""
    yield from (f"- {line}" for line in _verdicts(outcome))
    yield ""
    yield from _table(outcome.runs)
    failures = [line for run in outcome.runs for line in _failures(run)]
    if failures and len(outcome.runs) > 1:
        yield from ("### What failed", "")
        yield from (f"- {line}" for line in failures[:MOST])
        yield from [f"- … and {len(failures) - MOST} more"] if len(failures) > MOST else []
        yield ""
    if outcome.folder:
        yield from (f"Results: {_code(outcome.folder)}", "")


def _verdicts(outcome: Outcome) -> Iterator[str]:
    """What is true of the whole: comparisons, then the expectations of each run, then how the runs ended."""
    if outcome.error:
        yield f"{BAD} {_text(outcome.error)}"
    for row in outcome.expect:
        yield _verdict(row)
    count, failed = len(outcome.runs), unmet(outcome.runs)
    texts = dict.fromkeys(row["text"] for run in outcome.runs for row in run["expect"])
    for text in texts:
        if count == 1:
            yield from (_verdict(row) for row in outcome.runs[0]["expect"] if row["text"] == text)
        elif text in failed:
            seen = together(failed[text])
            came = f", came {_text(seen)}" if seen else ""
            yield f"{BAD} {_code(text)}: not in {len(failed[text])} of {count} runs{came}"
        else:
            yield f"{GOOD} {_code(text)}: in all {count} runs"
    yield from (f"{NEITHER} {_code(text)}: {LEFT_OUT}" for text in outcome.left_out)
    broken = [run for run in outcome.runs if run["status"] != COMPLETE]
    if broken:
        yield f"{BAD} {len(broken)} of {count} runs not completed: {_text(ending(broken[0]))}"
    elif outcome.runs and not texts and not outcome.expect:
        yield f"{GOOD} completed; nothing was expected"


def _verdict(row: Row) -> str:
    said = told(row) if row["ok"] else message(row)
    return f"{GOOD if row['ok'] else BAD} {_code(row['text'])}{f': {_text(said)}' if said else ''}"


def _failures(run: Run) -> Iterator[str]:
    """Of one run: how it ended, or which expectations it did not meet, with the values."""
    if run["status"] != COMPLETE:
        yield f"{_code(run['id'])}: {_text(ending(run))}"
        return
    for row in run["expect"]:
        if not row["ok"]:
            yield f"{_code(run['id'])}: {_code(row['text'])}: {_text(message(row))}"


def _table(runs: Sequence[Run]) -> Iterator[str]:
    """A row for each setting and flow: what differs, then medians over the repetitions."""
    settings = by_setting(runs)
    axes = list(dict.fromkeys(path for setting in settings for path, _ in setting))
    flows = list(dict.fromkeys(name for run in runs for name in run["flows"]))
    if not flows:
        return
    numbers = ["runs", "goodput", "time", RETRANSMITTED.replace("-\n", ""), "RTT"]
    yield _row([*short(axes), "flow", *numbers, ""])
    yield _row([*["---"] * (len(axes) + 1), *["---:"] * len(numbers), "---"])
    rows = [
        [*(dict(setting).get(axis, "") for axis in axes), name, *medians(group, name), _good(group)]
        for setting, group in settings.items()
        for name in flows
    ]
    yield from (_row(row) for row in rows[:MOST])
    yield ""
    yield from (f"… and {len(rows) - MOST} more rows", "") if len(rows) > MOST else ()


def _good(group: Sequence[Run]) -> str:
    bad = sum(not went_well(run) for run in group)
    return GOOD if not bad else f"{BAD} {bad} of {len(group)}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_text(cell) for cell in cells)} |"


def _text(text: str) -> str:
    """As it is, whatever signs of Markdown's are in it."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", text.replace("\n", " "))


def _code(text: str) -> str:
    """A text in the fixed font, in which nothing but a backtick has a meaning."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text.replace(chr(10), ' ')}{ticks}"
