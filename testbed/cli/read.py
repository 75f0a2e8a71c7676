"""`testbed show`, `trace` and `ladder`: looking at what a run has left."""

from __future__ import annotations

import sys

import click

KINDS = ("state", "segment", "cwnd", "control", "drop", "mark", "icmp", "queue", "app")


@click.command(epilog="\b\nExample:\n  testbed show latest\n")
@click.argument("run")
def show(run: str) -> None:
    """What a run's folder holds, as a table.

    RUN is a run's folder, a folder that holds one run, or `latest`.
    """
    from testbed.cli.console import stdout
    from testbed.report.tables import run_table
    from testbed.store.folder import find_run, read_run

    folder = find_run(run)
    stdout().print(run_table(read_run(folder)))
    click.echo(folder)


@click.command(epilog="\b\nExample:\n  testbed trace latest --kind state --json\n")
@click.argument("run")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="Which rows.")
@click.option("--json", "form", flag_value="json", help="An object a line; times in ns.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values under their names.")
def trace(run: str, kind: str, form: str | None) -> None:
    """The rows that a run recorded, in order of time.

    RUN is a run's folder, a folder that holds one run, or `latest`. The columns, and their units, are
    described in docs/trace.md.
    """
    from testbed.report.rows import as_csv, as_json, as_text
    from testbed.store.folder import find_run
    from testbed.trace.store import rows
    from testbed.trace.vocabulary import KINDS

    found = rows(find_run(run), kind)
    known = KINDS[kind]
    lines = as_json(found) if form == "json" else as_csv(found, known) if form == "csv" else as_text(found, known)
    sys.stdout.writelines(f"{line}\n" for line in lines)


@click.command(epilog="\b\nExample:\n  testbed ladder latest --flow a --limit 30\n")
@click.argument("run")
@click.option("--flow", "connection", metavar="NAME", help="Which flow, or connection: a, or a/2 for its second.")
@click.option("--limit", metavar="N", type=click.IntRange(min=2), default=60, show_default=True,
              help="Events to show at most: the first and the last.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Show all, however many.")
@click.option("--absolute", is_flag=True, help="Numbers as on the wire, not counted from the SYN.")
def ladder(run: str, connection: str | None, limit: int, everything: bool, absolute: bool) -> None:
    """A connection's exchange, drawn segment by segment.

    RUN is a run's folder, a folder that holds one run, or `latest`. Both hosts stand side by side with their
    states; time runs down; each end of an arrow has its own time; a lost segment ends in ✗ with the reason.
    """
    from testbed.cli.console import stdout
    from testbed.report.connections import choose, connections, read_exchange
    from testbed.report.ladder import Ladder
    from testbed.store.folder import find_run

    folder, console = find_run(run), stdout()
    chosen = choose(folder, connection)
    picture = Ladder(read_exchange(folder, chosen), title=chosen, width=console.width, absolute=absolute)
    for line in picture.lines(None if everything else limit):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
    others = [label for label in connections(folder) if label != chosen]
    if others and connection is None:
        click.echo(f"other connections, for --flow: {', '.join(others)}", err=True)
