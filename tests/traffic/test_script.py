"""The language of a dialogue: every notation, and what is said of a step that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.traffic.dialogue.script import VERBS, read_step
from testbed.traffic.dialogue.spec import DialogueSpec


def test_the_notations_mean_the_same() -> None:
    assert read_step({"client": "write 1000"}) == read_step("client: write 1000") == read_step("client:write 1000")
    assert read_step("client: write 1kB").size == read_step("client: write 1000").size


def test_a_step_may_have_its_time() -> None:
    step = read_step({"at": "2s", "client": "close"})
    assert (step.at, step.ends, step.verb) == (2 * SECOND, ("client",), "close")


def test_both_is_each_end() -> None:
    assert read_step("both: close").ends == ("client", "server")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("write 100 x 20 every 5ms", {"size": 100, "times": 20, "duration": 5 * MILLISECOND, "urgent": False}),
        ("write 1 urgent", {"size": 1, "times": 1, "urgent": True}),
        ("write 64KiB x 2", {"size": 65536, "times": 2, "duration": 0}),
        ("read 1500", {"size": 1500, "word": ""}),
        ("read eof", {"size": 0, "word": "eof"}),
        ("wait 200ms", {"duration": 200 * MILLISECOND}),
        ("expect reset", {"word": "reset"}),
        ("keep reading", {"verb": "keep"}),
        ("stop reading", {"verb": "stop"}),
    ],
)
def test_actions_and_their_words(text: str, fields: dict[str, Any]) -> None:
    step = read_step(f"server: {text}")
    assert {name: getattr(step, name) for name in fields} == fields
    assert step.text == f"server: {text}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("connect", "'connect' names no end: a step is '<end>: <action>', e.g. 'client: write 1000'"),
        ("left1: close", "'left1' is no end of a dialogue, it is client, server or both"),
        ("client: conect", "did you mean 'connect'"),
        ("client: ", "the actions are connect, accept, write"),
        ("client: write", "e.g. 'client: write 1000'"),
        ("client: write lots", "e.g. 'client: write 1000'"),
        ("client: write 100 x many", "a count is a number"),
        ("client: write 0", "at least one byte"),
        ("client: wait 200", "a duration needs a unit"),
        ("client: expect rst", "'rst' cannot be expected, only refused, reset"),
        ("client: close now", "'now' is too much"),
        ("client: keep writing", "'keep reading'"),
        ({"client": "close", "server": "close"}, "one end and one action to a step, not 2"),
        ({"at": 2, "client": "close"}, "a duration needs a unit"),
        ({"at": "2s"}, "one end and one action to a step, not 0"),
        (17, "17 is no step"),
        (None, "None is no step"),
    ],
)
def test_a_wrong_step_is_refused_with_an_example(given: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        read_step(given)
    assert message in str(caught.value)


def test_the_module_describes_every_action() -> None:
    from testbed.traffic.dialogue import script

    assert script.__doc__ is not None
    for verb in VERBS:
        assert f"\n    {verb}" in script.__doc__


def test_times_do_not_go_backwards() -> None:
    with pytest.raises(UnitError, match="'client: abort' is to begin before one above it"):
        DialogueSpec(steps=({"at": "2s", "client": "close"}, {"at": "1s", "client": "abort"}))  # type: ignore[arg-type]


def test_a_validator_reads_the_steps_and_names_each_that_is_wrong() -> None:
    adapter = TypeAdapter(DialogueSpec)
    spec = adapter.validate_python({"steps": [{"client": "connect"}, "server: read 100"]})
    assert [step.verb for step in spec.steps] == ["connect", "read"]
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python({"steps": ["client: connect", "client: frobnicate", {"at": "x", "client": "close"}]})
    assert [error["loc"] for error in caught.value.errors()] == [("steps", 1), ("steps", 2)]


def test_the_schema_for_editors_shows_what_a_step_looks_like() -> None:
    steps = TypeAdapter(DialogueSpec).json_schema()["properties"]["steps"]
    assert steps["items"]["examples"] == ["client: write 1000"]
