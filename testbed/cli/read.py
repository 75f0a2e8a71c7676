"""`testbed show` and `trace`: looking at what a run has left."""

from __future__ import annotations

import json
import sys

import click

KINDS = ("state", "segment", "cwnd", "control", "drop", "mark", "icmp", "queue", "app")


@click.command(epilog="\b\nExample:\n  testbed show latest\n")
@click.argument("run")
@click.option("--json", "form", flag_value="json", help="All that is known of it, with every setting, as JSON.")
@click.option("--csv", "form", flag_value="csv", help="A row a flow, with all its metrics.")
def show(run: str, form: str | None) -> None:
    """What a run's folder holds, as a table.

    RUN is a run's folder, a folder that holds one run, or `latest`.
    """
    from testbed.cli.console import stdout
    from testbed.report.tables import run_table
    from testbed.store.folder import find_run, read_run

    folder = find_run(run)
    document = read_run(folder)
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif form == "csv":
        from testbed.report.answers import as_csv
        from testbed.store.frames import table

        click.echo("\n".join(as_csv(table("flows", [document]))))
    else:
        stdout().print(run_table(document))
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
