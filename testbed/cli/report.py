"""`testbed report`: a run, or a sweep, as one page for a browser."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="\b\nExample:\n  testbed report latest\n")
@click.argument("runs", nargs=-1, required=True)
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Where to write it. Absent: report.html in the folder of the run or the experiment.")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show it in the browser.")
def report(runs: tuple[str, ...], output: Path | None, show: bool) -> None:
    """Write one self-contained HTML page about a run or a sweep, readable offline.

    RUNS are folders of runs or of experiments, any folders above such, or `latest`. One run becomes a page with
    charts over time; several become a page that compares their settings. The page's path is printed.
    """
    from testbed.report.page.report import write_report

    page = write_report(list(runs), output)
    click.echo(page)
    if show:
        click.launch(str(page))
