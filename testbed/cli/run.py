"""`testbed run` and `testbed check`: from files to results, or to what is wrong with the files."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from testbed.cli.ending import ALL_WELL, EXPECTATION_FAILED, INTERRUPTED, RUN_FAILED
from testbed.errors import ConfigError, ConfigProblem

if TYPE_CHECKING:
    from testbed.control.headquarters import Listen
    from testbed.experiment.reading.load import Plan

FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...")
SETTINGS = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Put a value in place of the file's; repeatable."
)


@click.command(epilog="\b\nExample:\n  testbed run experiments/quickstart.yaml --set tcp.rto_min=200ms --seed 7\n")
@FILES
@SETTINGS
@click.option("--seed", metavar="N", type=click.IntRange(min=0), help="What all chance comes from.")
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="Virtual (the default) is exact and fast.")
@click.option("--results", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), default="results",
              show_default=True, help="Where run folders are written.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout instead of tables.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@click.option("--allow-late", is_flag=True,
              help="Real clock: a run that was later than its delays can bear counts nevertheless.")  # fmt: skip
@click.option("--listen", metavar="[HOST:]PORT",
              help="Real clock: where agents on other computers join (see `testbed agent`).")  # fmt: skip
@click.option("--secret-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="What these agents must know; else it is taken from TESTBED_SECRET.")  # fmt: skip
def run(
    files: tuple[str, ...], settings: tuple[str, ...], seed: int | None, clock: str | None, results: Path,
    as_json: bool, quiet: bool, allow_late: bool, listen: str | None, secret_file: Path | None,
) -> int:  # fmt: skip
    """Run experiments: every combination and repetition of each FILE.

    Progress goes to stderr; a table of results and the path of what was written to stdout.
    """
    from testbed.cli.console import stderr
    from testbed.cli.progress import telling
    from testbed.control.clocks import clocks
    from testbed.experiment.run import check_runnable, run_plan
    from testbed.report.plan import load_all

    plans = load_all(files, _overrides(settings, seed=seed, clock=clock))
    _check_listening(plans, listen, secret_file)
    done: list[dict[str, Any]] = []
    with clocks(allow_late=allow_late, listen=_listen(listen, secret_file)) as trials:
        for plan in plans:
            check_runnable(plan, trials)
        for plan in plans:
            with nullcontext() if quiet else telling(stderr()) as tell:
                folder, runs = run_plan(plan, results, tell, trials=trials)
            done += runs
            if not as_json:
                _show(runs, folder)
            if _interrupted(runs):
                break
    if as_json:
        click.echo(json.dumps({"runs": done}, indent=2))
    return _status(done)


def _listen(address: str | None, secret_file: Path | None) -> Listen | None:
    """Where agents on other computers may join. Raises ConfigError."""
    from testbed.control.headquarters import Listen
    from testbed.control.join import read_address
    from testbed.control.secret import find_secret

    if address is None:
        return None
    host, port = read_address(address, "--listen", default_host="0.0.0.0")
    return Listen(host, port, find_secret(secret_file))


def _check_listening(plans: list[Plan], listen: str | None, secret_file: Path | None) -> None:
    """Whether anybody can join, where somebody waits for it. Raises ConfigError."""
    runs = [run.spec for plan in plans for run in plan.runs]
    problem = None
    if listen is None and secret_file is not None:
        problem = ConfigProblem("nobody is asked for it", file="--secret-file", suggestion="it goes with --listen")
    elif listen is not None and not any(run.agents for run in runs):
        remedy = "agents: {lab2: [right]}; see docs/machines.md"
        problem = ConfigProblem("no experiment names agents that may join", file="--listen", suggestion=remedy)
    elif listen is not None and not any(run.agents and run.clock == "real" for run in runs):
        problem = ConfigProblem("agents join in real time only", file="--listen", suggestion="add --clock real")
    if problem is not None:
        raise ConfigError([problem])


def _show(runs: list[dict[str, Any]], folder: Path) -> None:
    from testbed.cli.console import stdout
    from testbed.report.sweep import sweep_tables
    from testbed.report.tables import run_table
    from testbed.store.folder import read_run

    if len(runs) == 1:
        folder = Path(runs[0]["folder"])
        stdout().print(run_table(read_run(folder)))
    else:
        stdout().print(sweep_tables(runs))
    click.echo(folder)


def _interrupted(runs: list[dict[str, Any]]) -> bool:
    return any(run["status"] == "interrupted" for run in runs)


def _status(runs: list[dict[str, Any]]) -> int:
    if _interrupted(runs):
        return INTERRUPTED
    if any(run["status"] != "complete" for run in runs):
        return RUN_FAILED
    kept = all(expectation["ok"] for run in runs for expectation in run["expect"])
    return ALL_WELL if kept else EXPECTATION_FAILED


@click.command(epilog="\b\nExample:\n  testbed check experiments/*.yaml\n")
@FILES
@SETTINGS
def check(files: tuple[str, ...], settings: tuple[str, ...]) -> None:
    """Say what each FILE comes to, or everything that is wrong with it. Nothing is run or written."""
    from testbed.report.plan import load_all, plan_lines

    for plan in load_all(files, _overrides(settings)):
        for line in plan_lines(plan):
            click.echo(line)


def _overrides(settings: tuple[str, ...], **options: object) -> dict[str, object]:
    """Values by path, of `--set` and of the options that are short for it. Raises ConfigError."""
    pairs = [(setting, *setting.partition("=")) for setting in settings]
    problems = [
        ConfigProblem("has no '='", file=f"--set {setting}", suggestion="write --set PATH=VALUE")
        for setting, _, equals, _ in pairs
        if not equals
    ]
    if problems:
        raise ConfigError(problems)
    given = {name: value for name, value in options.items() if value is not None}
    return {path.strip(): value for _, path, _, value in pairs} | given
