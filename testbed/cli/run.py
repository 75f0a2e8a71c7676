"""`testbed run` and `testbed check`: from files to results, or to what is wrong with the files."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from testbed.cli.ending import ALL_WELL, EXPECTATION_FAILED, RUN_FAILED
from testbed.errors import ConfigError, ConfigProblem

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
def run(
    files: tuple[str, ...], settings: tuple[str, ...], seed: int | None, clock: str | None, results: Path,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Run experiments: every combination and repetition of each FILE.

    Progress goes to stderr; a table of results and the path of what was written to stdout.
    """
    from testbed.cli.console import stderr
    from testbed.cli.progress import telling
    from testbed.control import CLOCKS
    from testbed.experiment.run import check_runnable, run_plan
    from testbed.report.plan import load_all

    plans = load_all(files, _overrides(settings, seed=seed, clock=clock))
    for plan in plans:
        check_runnable(plan, CLOCKS)
    done = []
    for plan in plans:
        with nullcontext() if quiet else telling(stderr()) as tell:
            folder, runs = run_plan(plan, results, tell, trials=CLOCKS)
        done += runs
        if not as_json:
            _show(runs, folder)
    if as_json:
        click.echo(json.dumps({"runs": done}, indent=2))
    return _status(done)


def _show(runs: list[dict[str, Any]], folder: Path) -> None:
    from testbed.cli.console import stdout
    from testbed.report.folder import read_run
    from testbed.report.sweep import sweep_tables
    from testbed.report.tables import run_table

    if len(runs) == 1:
        folder = Path(runs[0]["folder"])
        stdout().print(run_table(read_run(folder)))
    else:
        stdout().print(sweep_tables(runs))
    click.echo(folder)


def _status(runs: list[dict[str, Any]]) -> int:
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
