"""Expectations: what they mean, and what is wrong with those that mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.experiment.expect import ExpectationError, Selection, check, judge, metrics_of
from testbed.wire.segment import ACK, SYN

SUMMARY: dict[str, Any] = {
    "flows": {
        "a": {
            "goodput": 8_000_000.0, "completion_time": 2.5, "complete": True, "error": None, "timeouts": 3,
            "retransmission_share": 0.013, "bytes_delivered": 2_500_000,
            "client": {"states": ["CLOSED", "SYN-SENT", "FIN-WAIT-1"], "segments_sent": 100, "bytes_sent": 4096},
            "server": {"states": []},
        },
        "flow-2": {"goodput": 4_000_000.0, "completion_time": None, "complete": False, "error": "timed out"},
    },
    "links": {"l1": {"drops": 7, "drops_by_reason": {"loss": 7}, "queue_delay_p99": 0.02,
                     "reverse": {"drops": 0, "drops_by_reason": {}}}},
    "jain": 0.9, "end_time": 3.0, "status": "complete",
}  # fmt: skip

TRUE = [
    "a.goodput > 3 Mbit/s", "a.goodput >= 8Mbit/s", "a.goodput == 1 MB/s", "a.goodput < 0.01 Gbit/s",
    "a.completion_time in [2s, 3000ms]", "a.completion_time == 2.4s within 5%", "a.complete", "not flow-2.complete",
    "a.complete and jain > 0.8", "flow-2.complete or a.complete", "a.complete == true", "a.timeouts == 3",
    "a.client.states == [CLOSED, SYN-SENT, FIN-WAIT-1]", "a.server.states == []", "a.client.bytes_sent == 4KiB",
    "a.retransmission_share < 2%", "links.l1.drops == 7", "links.l1.reverse.drops == 0", "links.l1.drops > 6 packets",
    "links.l1.drops_by_reason.loss == 7", "links.l1.reverse.drops_by_reason.loss == 0", "status == 'complete'",
    "flow-2.error == 'timed out'", "a.error == none", "a.bytes_delivered / a.completion_time == 8 Mbit/s",
    "min(a.goodput, flow-2.goodput) == 4 Mbit/s", "a.goodput - flow-2.goodput > 3 Mbit/s", "abs(1 - 3) == 2",
    "a.goodput > 2 * flow-2.goodput - 1 bit/s", "(1 + 2) * 3 == 9", "-1 < 0", "10 - 4 - 3 == 3", "12 / 2 / 3 == 2",
    "links.l1.queue_delay_p99 < 21ms", "a.goodput / flow-2.goodput == 200%", "max(1, 2, 3) == 3",
]  # fmt: skip


@pytest.mark.parametrize("text", TRUE)
def test_what_is_true_is_found_true(text: str) -> None:
    check(text, flows=["a", "flow-2"], links=["l1"])
    assert judge(text, SUMMARY, count_of({}))["ok"]


@pytest.mark.parametrize("text", TRUE)
def test_its_opposite_is_found_false(text: str) -> None:
    assert not judge(f"not ({text})", SUMMARY, count_of({}))["ok"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.goodput > 3 Mbit/s", 8_000_000.0),
        ("a.completion_time < 1s", 2.5),
        ("a.goodput > 1 Mbit/s and jain > 2", 0.9),
        ("a.goodput > 1 Mbit/s or jain > 2", 8_000_000.0),
        ("flow-2.completion_time < 9s", None),
        ("a.client.states == [CLOSED]", ["CLOSED", "SYN-SENT", "FIN-WAIT-1"]),
    ],
)
def test_the_value_is_what_was_measured_in_the_units_of_the_metric(text: str, value: Any) -> None:
    assert judge(text, SUMMARY, count_of({}))["value"] == value


def test_what_a_run_did_not_yield_fulfils_nothing() -> None:
    for text in ("flow-2.completion_time < 9s", "flow-2.completion_time > 9s", "flow-2.completion_time in [0s, 99s]"):
        assert not judge(text, SUMMARY, count_of({}))["ok"]
    assert not judge("a.timeouts / (1 - 1) > 0", SUMMARY, count_of({}))["ok"]


def count_of(known: dict[tuple[Any, ...], int]) -> Any:
    def counter(chosen: Selection) -> int:
        return known.get((chosen.flow, chosen.end, chosen.direction, chosen.flags, chosen.reason), 0)

    return counter


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("count(a.client sent) == 5", ("a", "client", "sent", 0, "")),
        ("count(a.client sent SYN) == 5", ("a", "client", "sent", SYN, "")),
        ("count(flow-2.server dropped SYN-ACK) == 5", ("flow-2", "server", "dropped", SYN | ACK, "")),
        ("count(a.server received 'zero window') == 5", ("a", "server", "received", 0, "zero window")),
    ],
)
def test_segments_are_counted(text: str, selection: tuple[Any, ...]) -> None:
    check(text, flows=["a", "flow-2"], links=[])
    assert judge(text, SUMMARY, count_of({selection: 5})) == {"text": text, "ok": True, "value": 5, "unit": ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.goodput > 3", "a rate cannot be compared with a number (the right side needs a unit, as in 3 Mbit/s)"),
        ("a.completion_time > 3 Mbit/s", "a time cannot be compared with a rate"),
        ("a.goodput", "a rate is not true or false"),
        ("a.goodput + a.completion_time > 1s", "a rate + a time has no meaning"),
        ("a.client.states == CLOSED", "there is no metric of the whole run 'CLOSED'"),
        ("a.nothing == 1", "flow 'a' has no metric 'nothing'"),
        ("a.client == 1", "flow 'a' has no metric 'client'"),
        ("b.goodput > 1 bit/s", "there is no flow or metric 'b'"),
        ("links.l2.drops == 0", "there is no link 'l2' (did you mean 'l1'?)"),
        ("links.l1 == 0", "link 'l1' has no metric ''"),
        ("a.timeouts == ", "expected a quantity or a metric at character 15, not the end"),
        ("a.timeouts 3", "expected a comparison sign, 'and', 'or' or the end at character 12, not '3'"),
        ("a.timeouts = 3", "'=' at character 12 means nothing here (write == for equal)"),
        ("a.timeouts == 3 within 2s", "'within' takes a share"),
        ("a.timeouts == 3 within 2", "within 2 is within 200% (within 2%, or a range: in [a, b])"),
        ("a.timeouts in [1, 2", "expected ']' at character 20, not the end"),
        ("count(a sent) == 1", "count() begins with an end of a flow"),
        ("count(a.client went) == 1", "expected 'sent' or 'received' or 'dropped' at character 16, not 'went'"),
        ("count(a.client sent FUN) == 1", "'FUN' is no flag"),
        ("abs(1, 2) == 1", "abs() takes one number"),
        ("min(1, 2s) == 1", "min() takes two numbers or more, of one unit"),
        ("a.error > 'x'", "a text is not more or less than another"),
        ("3 furlongs > 2s", "'3 furlongs' is no quantity"),
        ("", "expected a quantity or a metric at character 1, not the end"),
        ("a.timeouts < 1e999", "'1e999' is no quantity"),
        (f"a.timeouts < {'9' * 5000}", "'999"),
        (f"{'(' * 400}1{')' * 400} > 0", "803 words, at most 200 (write several expectations)"),
        (f"{'-' * 500}1 > 0", "503 words, at most 200"),
        ("a.complete and a.goodput", "'and' joins what is true or false, not a rate"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_before_the_run(text: str, message: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        check(text, flows=["a"], links=["l1"])
    assert f"{caught.value} ({caught.value.suggestion})".startswith(message)


@pytest.mark.parametrize("text", [f"{'(' * 98}1{')' * 98} > 0", f"{'-' * 190}1 > 0", f"1{'+ 1' * 98} > 0"])
def test_the_longest_can_be_reckoned(text: str) -> None:
    check(text, flows=["a"], links=["l1"])


@given(st.text(alphabet="a.lgoodput links123 <>=!+-*/()[],'%sMbit_SYN", max_size=40))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    try:
        check(text, flows=["a"], links=["l"])
    except ExpectationError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("a.goodput > 3 Mbit/s", "bit/s"), ("a.goodput / a.goodput == 1", ""), ("a.completion_time < 1s", "s")],
)
def test_the_value_has_its_own_unit_and_not_the_metrics(text: str, unit: str) -> None:
    assert judge(text, SUMMARY, count_of({}))["unit"] == unit


def test_what_an_expectation_speaks_of() -> None:
    text = "median(a.goodput[tcp.sack=on]) > 2 * median(b.goodput) and jain > 0.5 and a.goodput > 1 Mbit/s"
    assert metrics_of(text) == ("a.goodput", "b.goodput", "jain")
