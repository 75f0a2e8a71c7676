"""`testbed export`: a run in other people's formats."""

from __future__ import annotations

from pathlib import Path

import click

FORMATS = ("flent", "iperf3", "xplot", "csv")


@click.command(epilog="\b\nExample:\n  testbed export latest --format flent --output mine.flent.gz\n")
@click.argument("run")
@click.option("--format", "form", type=click.Choice(FORMATS), required=True,
              help="flent: a data file. iperf3: JSON as of `iperf3 -J`, one each flow. xplot: time-sequence graphs as "
                   "tcptrace draws them. csv: summaries and all rows.")  # fmt: skip
@click.option("--output", metavar="PATH", type=click.Path(path_type=Path),
              help="The file of flent; for the others, a folder. One in the working folder if not said.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def export(run: str, form: str, output: Path | None, force: bool) -> None:
    """Write a run for other programs, and say what was written.

    RUN is a run's folder, a folder that holds one run, or `latest`.
    """
    from testbed.report.export.formats import export as write
    from testbed.store.folder import find_run

    for path in write(find_run(run), form, output, force=force):
        click.echo(path)
