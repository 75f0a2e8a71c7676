"""What the command line says of itself, and of a slip."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click
import pytest

from testbed.cli import cli, console, main
from testbed.report.catalogue import KINDS

COMMANDS = sorted(cli.commands)


def test_the_commands_are_those_of_the_design() -> None:
    assert COMMANDS == [
        "agent", "check", "compare", "export", "ladder", "list", "plot", "query", "report", "run", "runs", "schema",
        "show", "ss", "states", "trace",
    ]  # fmt: skip


def test_help_names_every_command_and_every_exit_status(testbed: Any) -> None:
    answer = testbed("--help")
    assert answer.status == 0
    assert all(f"  {name} " in answer.out for name in COMMANDS)
    assert all(f"  {status} " in answer.out for status in (0, 1, 2, 3, 130))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_in_examples_that_can_be_pasted(name: str, testbed: Any) -> None:
    _, heading, examples = testbed(name, "--help").out.rstrip().rpartition("  Example")
    assert heading
    first, *lines = examples.splitlines()
    assert lines
    assert first == (":" if len(lines) == 1 else "s:")
    assert all(line.startswith(f"    testbed {name}") for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    options = [option for option in cli.commands[name].params if isinstance(option, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize(
    "arguments",
    [["rum"], ["run"], ["run", "x.yaml", "--sed", "1"], ["trace", "latest", "--kind", "segments"], ["list", "x"]],
)
def test_a_slip_is_a_wrong_input(arguments: list[str], testbed: Any) -> None:
    answer = testbed(*arguments)
    assert answer.status == 2
    assert answer.out == ""
    assert "Error" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("kind", KINDS)
def test_list_prints_a_line_for_each_thing(kind: str, testbed: Any) -> None:
    answer = testbed("list", kind)
    assert answer.status == 0
    assert all(len(line.split("  ", 1)) == 2 for line in answer.out.splitlines())


def test_list_offers_every_kind_that_there_is() -> None:
    kinds = next(argument.type for argument in cli.commands["list"].params if argument.name == "kind")
    assert isinstance(kinds, click.Choice)
    assert sorted(kinds.choices) == sorted(KINDS)


@pytest.mark.parametrize("command", ["show", "ladder", "trace"])
def test_a_run_that_is_not_there_is_a_wrong_input(command: str, testbed: Any, tmp_path: Any) -> None:
    kind = ["--kind", "state"] if command == "trace" else []
    answer = testbed(command, tmp_path / "nothing", *kind)
    assert answer.status == 2
    assert "no such run folder" in answer.err


EXPERIMENTS = Path(__file__).parents[2] / "experiments"


SWEEP = ["run", "experiments/quickstart.yaml", "--set", "tcp.rto_min=200ms,1s", "--set", "repeat=3"]

ABOUT_SWEEPS = ["compare", "query", "runs"]
"""Commands whose examples speak of many runs, and of `tcp.rto_min`; the others look at the run of `run`'s example."""

NEEDS_MORE = ["agent"]
"""An agent is for another computer: tests/control/test_netns.py has two."""


def first_example(name: str) -> list[str]:
    """The words of a command's first example, as one would paste it."""
    _, example, *_ = re.split(r"\n\s*(?=testbed )", str(cli.commands[name].epilog).strip())
    words = shlex.split(re.sub(r" > [\w./-]+$", "", example.replace("\n", " ")))[1:]
    return [found for word in words for found in (sorted(map(str, Path().glob(word))) or [word])]


@pytest.mark.slow
def test_every_example_runs(testbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("experiments", "topologies"):
        (tmp_path / name).symlink_to(EXPERIMENTS.parent / name)
    monkeypatch.chdir(tmp_path)
    assert testbed(*SWEEP).status == 0
    others = [name for name in COMMANDS if name not in (*ABOUT_SWEEPS, "run", *NEEDS_MORE)]
    for name in (*ABOUT_SWEEPS, "run", *others):
        answer = testbed(*first_example(name))
        assert answer.status == 0, f"{name}\n{answer.err}"
        assert answer.out


def test_an_output_that_is_not_utf_8_gets_plain_signs(tmp_path: Path) -> None:
    """The table's arrow, for one."""
    (tmp_path / "x.yaml").write_text("topology: {hosts: [a, b], links: {l: {ends: [a, b]}}}\n"
                                     "traffic: [{name: f, app: bulk, from: a, to: b, size: 1kB}]\n")  # fmt: skip
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console.stdout.cache_clear()
    with redirect_stdout(out), pytest.raises(SystemExit) as ended:
        main(["run", "-q", str(tmp_path / "x.yaml"), "--results", str(tmp_path)])
    out.flush()
    assert ended.value.code == 0
    assert b"a > b" in out.buffer.getvalue()  # type: ignore[attr-defined]
