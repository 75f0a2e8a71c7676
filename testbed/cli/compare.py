"""`testbed compare`: settings beside each other, or a version beside an earlier one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from testbed.cli.ci import ci_options, reports
from testbed.cli.ending import ALL_WELL, EXPECTATION_FAILED
from testbed.errors import ConfigError, ConfigProblem, UnitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from testbed.comparison.result import Comparison
    from testbed.comparison.versions import Versions


def _quantity(read: str) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Reads an option by `units.share` or `units.duration`."""

    def convert(context: click.Context, option: click.Parameter, text: str | None) -> Any:
        from testbed import units

        try:
            return None if text is None else {"share": units.share, "duration": units.duration}[read](text)
        except UnitError as error:
            raise click.BadParameter(str(error), context, option) from error

    return convert


@click.command(
    epilog="\b\nExamples:\n  testbed compare latest --by tcp.rto_min --metric goodput --against 1s\n"
    "  testbed compare latest --baseline results-of-last-week --tolerance 2%\n"
)
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option("--by", multiple=True, metavar="PATH",
              help="The axis to compare; needed where several vary. More than one: their combinations.")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, metavar="METRIC",
              help="goodput (the default), a.goodput, links.NAME.drops, jain, …; repeatable.")  # fmt: skip
@click.option("--flow", metavar="NAME", help="Whose metric; all flows' together otherwise.")
@click.option("--against", metavar="VALUE", help="The setting that the others are compared with; the first otherwise.")
@click.option("--baseline", metavar="FOLDER", help="Runs of an earlier version: has anything become worse?")
@click.option("--tolerance", metavar="SHARE", callback=_quantity("share"), default="1%", show_default=True,
              help="With --baseline: how much worse is not worth a word.")  # fmt: skip
@click.option("--warm-up", metavar="TIME", callback=_quantity("duration"), help="Leave the beginning of each run out.")
@click.option("--confidence", metavar="SHARE", callback=_quantity("share"), default="95%", show_default=True,
              help="Of the intervals; what is missing to 100% is how often chance may deceive.")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="One JSON document.")
@click.option("--csv", "form", flag_value="csv", help="A row for each metric and setting.")
@click.option("--markdown", "form", flag_value="markdown", help="For an issue or a pull request.")
@ci_options
def compare(
    runs: tuple[str, ...], by: tuple[str, ...], metrics: tuple[str, ...], flow: str | None, against: str | None,
    baseline: str | None, tolerance: float, warm_up: int | None, confidence: float, form: str | None,
    junit: Path | None, summary: Path | None,
) -> int:  # fmt: skip
    """Which setting is better, by how much, and how sure is that?

    RUNS are folders of runs, of experiments, or above such; or `latest`. Runs with the same seed are compared pair by
    pair, and what else varied is kept apart. With --baseline, RUNS are compared with those of FOLDER, setting by
    setting; the exit status is 1 if anything has become worse.
    """
    from testbed.store.folder import find_runs, read_runs

    _check(by, against, baseline, warm_up, confidence, form)
    documents = read_runs(find_runs(runs))
    with reports(junit, summary) as report:
        report.begin(documents[0]["name"])
        if baseline is not None:
            from testbed.comparison.versions import METRICS, compare_versions

            before = read_runs(find_runs([baseline]))
            versions = compare_versions(
                before, documents, metrics or METRICS, flow=flow, confidence=confidence, tolerance=tolerance
            )
            report.add([], versions.rows())
            _show_versions(versions, form)
            return ALL_WELL if versions.ok else EXPECTATION_FAILED
        from testbed.comparison.compare import compare as compared

        found = [
            compared(documents, by, metric, flow=flow, against=against, confidence=confidence, warm_up=warm_up)
            for metric in metrics or ("goodput",)
        ]
        said = [(one.measure.title, verdict) for one in found for verdict in one.verdicts]
        report.add([], [{"text": f"{title}: {text}", "ok": True, "value": True, "unit": ""} for title, text in said])
    _show(found, form)
    return ALL_WELL


def _check(
    by: tuple[str, ...], against: str | None, baseline: str | None, warm_up: int | None, confidence: float,
    form: str | None,
) -> None:  # fmt: skip
    """Raises ConfigError for options that do not go together, or make no sense."""
    problems = []
    if not 0.5 <= confidence < 1:
        problems.append(ConfigProblem("lies between 50% and 100%", file="--confidence", suggestion="95%"))
    if baseline is not None:
        alone = {"--by": by, "--against": against, "--warm-up": warm_up, "--csv": form == "csv"}
        remedy = "with it, the versions are compared, setting by setting"
        problems += [
            ConfigProblem("does not go with --baseline", file=name, suggestion=remedy)
            for name, given in alone.items()
            if given
        ]
    if problems:
        raise ConfigError(problems)


def _show(found: Sequence[Comparison], form: str | None) -> None:
    from testbed.cli.console import stdout
    from testbed.report.comparison import ComparisonTable, as_csv, as_markdown

    if form == "json":
        click.echo(json.dumps({"comparisons": [one.as_dict() for one in found]}, indent=2))
    elif form == "csv":
        click.echo(as_csv(found), nl=False)
    elif form == "markdown":
        click.echo("\n\n".join(as_markdown(one) for one in found))
    else:
        for one in found:
            stdout().print(ComparisonTable(one))


def _show_versions(versions: Versions, form: str | None) -> None:
    from testbed.cli.console import stdout
    from testbed.report.ci.markdown import markdown
    from testbed.report.ci.outcome import Outcome
    from testbed.report.comparison import versions_table

    if form == "json":
        click.echo(json.dumps(versions.as_dict(), indent=2))
    elif form == "markdown":
        click.echo(markdown([Outcome(versions.name, expect=versions.rows())]))
    else:
        stdout().print(versions_table(versions))
