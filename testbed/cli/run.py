"""`testbed run` and `testbed check`: from files to results, or to what is wrong with the files."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from testbed.cli.ci import ci_options, reports
from testbed.cli.ending import ALL_WELL, EXPECTATION_FAILED, INTERRUPTED, RUN_FAILED
from testbed.errors import ConfigError, ConfigProblem
from testbed.experiment import status

if TYPE_CHECKING:
    from testbed.control.headquarters import Listen
    from testbed.experiment.reading.load import Plan
    from testbed.sweeps.run import Swept

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
@click.option("--jobs", metavar="N", type=click.IntRange(min=1),
              help="How many runs of a sweep are done at once; as many as there are cores otherwise.")  # fmt: skip
@click.option("--cluster", metavar="tcp://HOST:PORT", help="A Dask scheduler whose workers do the runs of a sweep.")
@click.option("--fresh", is_flag=True, help="Do also those runs of a sweep that were done before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout instead of tables.")
@ci_options
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@click.option("--allow-late", is_flag=True,
              help="Real clock: a run that was later than its delays can bear counts nevertheless.")  # fmt: skip
@click.option("--listen", metavar="[HOST:]PORT",
              help="Real clock: where agents on other computers join (see `testbed agent`).")  # fmt: skip
@click.option("--secret-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="What these agents must know; else it is taken from TESTBED_SECRET.")  # fmt: skip
def run(
    files: tuple[str, ...], settings: tuple[str, ...], seed: int | None, clock: str | None, results: Path,
    jobs: int | None, cluster: str | None, fresh: bool, as_json: bool, junit: Path | None, summary: Path | None,
    quiet: bool, allow_late: bool, listen: str | None, secret_file: Path | None,
) -> int:  # fmt: skip
    """Run experiments: every combination and repetition of each FILE.

    Progress goes to stderr; a table of results and the path of what was written to stdout. A sweep that was
    interrupted goes on where it stopped, and what an earlier one has done with the same inputs is taken over.
    """
    from testbed.cli.console import stderr
    from testbed.cli.progress.telling import telling
    from testbed.control.clocks import clocks
    from testbed.experiment.run import check_runnable
    from testbed.report.plan import load_all
    from testbed.sweeps.run import carry_out

    plans = load_all(files, _overrides(settings, seed=seed, clock=clock))
    _check_listening(plans, listen, secret_file)
    _tell_left_out(plans)
    done: list[tuple[Plan, Swept]] = []
    listening = _listen(listen, secret_file)
    with clocks(allow_late=allow_late, listen=listening) as trials, reports(junit, summary) as report:
        for plan in plans:
            check_runnable(plan, trials)
        for plan in plans:
            report.begin(plan.name, plan.left_out)
            with _SILENCE if quiet else telling(stderr()) as (tell, say):
                swept = carry_out(
                    plan, results, tell, trials=trials, jobs=jobs, cluster=cluster, fresh=fresh, say=say
                )  # fmt: skip
            report.add(swept.runs, swept.expect, swept.folder)
            done.append((plan, swept))
            if not as_json:
                _show(swept)
            if _interrupted(swept.runs):
                break
    if as_json:
        click.echo(json.dumps(_document(done), indent=2))
    return _status([swept for _, swept in done])


_SILENCE = nullcontext((lambda progress: None, lambda line: None))


def _document(done: list[tuple[Plan, Swept]]) -> dict[str, Any]:
    """What `--json` prints."""
    experiments = [
        {"name": plan.name, "folder": str(swept.folder), "expect": swept.expect, "reused": swept.reused}
        for plan, swept in done
    ]
    return {"runs": [run for _, swept in done for run in swept.runs], "experiments": experiments}


def _tell_left_out(plans: list[Plan]) -> None:
    """A comparison that cannot be made must not seem to hold."""
    for plan in plans:
        for text in plan.left_out:
            click.echo(f"{plan.file}: not judged, because of what is set: {text}", err=True)


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


def _show(swept: Swept) -> None:
    from testbed.cli.console import stdout
    from testbed.report.sweep import comparison_lines, sweep_tables
    from testbed.report.tables import run_table
    from testbed.store.folder import read_run

    folder = swept.folder
    if len(swept.runs) == 1:
        folder = Path(swept.runs[0]["folder"])
        stdout().print(run_table(read_run(folder)))
    else:
        stdout().print(sweep_tables(swept.runs))
    for line in comparison_lines(swept.expect):
        stdout().print(line, soft_wrap=True)
    click.echo(folder)


def _interrupted(runs: list[dict[str, Any]]) -> bool:
    return any(run["status"] == status.INTERRUPTED for run in runs)


def _status(done: list[Swept]) -> int:
    runs = [run for swept in done for run in swept.runs]
    if _interrupted(runs):
        return INTERRUPTED
    if any(run["status"] != status.COMPLETE for run in runs):
        return RUN_FAILED
    expected = [*(run["expect"] for run in runs), *(swept.expect for swept in done)]
    kept = all(expectation["ok"] for rows in expected for expectation in rows)
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
