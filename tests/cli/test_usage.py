"""What the command line says of itself, and of a slip."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click
import pytest

from testbed.cli import cli, console, main
from testbed.report.catalogue import KINDS

COMMANDS = sorted(cli.commands)


def test_the_commands_are_those_of_the_design() -> None:
    assert COMMANDS == ["agent", "check", "ladder", "list", "run", "schema", "show", "ss", "trace"]


def test_help_names_every_command_and_every_exit_status(testbed: Any) -> None:
    answer = testbed("--help")
    assert answer.status == 0
    assert all(f"  {name} " in answer.out for name in COMMANDS)
    assert all(f"  {status} " in answer.out for status in (0, 1, 2, 3, 130))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_in_an_example_that_can_be_pasted(name: str, testbed: Any) -> None:
    lines = testbed(name, "--help").out.rstrip().splitlines()
    assert lines[-2].strip() == "Example:"
    assert lines[-1].strip().startswith(f"testbed {name}")


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


@pytest.mark.slow
def test_every_example_runs(testbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one would paste them, in a folder with the experiments in it: `run` first, for the others look at it.

    An agent is for another computer: tests/control/test_netns.py has two.
    """
    for name in ("experiments", "topologies"):
        (tmp_path / name).symlink_to(EXPERIMENTS.parent / name)
    monkeypatch.chdir(tmp_path)
    commands = [command for name, command in cli.commands.items() if name != "agent"]
    for command in sorted(commands, key=lambda command: command.name != "run"):
        example = str(command.epilog).strip().splitlines()[-1]
        words, _, _ = example.partition(" > ")
        given = [found for word in words.split()[1:] for found in (sorted(map(str, Path().glob(word))) or [word])]
        answer = testbed(*given)
        assert answer.status == 0, f"{example}\n{answer.err}"
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
