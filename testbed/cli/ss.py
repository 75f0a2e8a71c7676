"""`testbed ss`: the sockets that a run has left, or those of one that goes on."""

from __future__ import annotations

import click

STATES = (
    "listen", "syn-sent", "syn-received", "established", "fin-wait-1", "fin-wait-2", "close-wait", "closing",
    "last-ack", "time-wait", "closed",
)  # fmt: skip


@click.command(epilog="\b\nExamples:\n  testbed ss latest --state time-wait\n  testbed ss running\n")
@click.argument("run")
@click.option("--state", "states", type=click.Choice(STATES, case_sensitive=False), multiple=True,
              help="Only those in this state; may be given several times.")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="Everything that is known of each, as JSON.")
@click.option("--csv", "form", flag_value="csv", help="The same, comma-separated: a row each.")
def ss(run: str, states: tuple[str, ...], form: str | None) -> None:
    """The sockets of a run's hosts as they were when it was over, or as they are now.

    RUN is a run's folder, a folder that holds one run, `latest`, or `running`: the one that is being made now, which
    shows its sockets about once a second; a folder without a finished run stands for the one that is being made in it.
    A run in virtual time without a `duration` goes on until its last connection is closed. `info` has the names and
    units of Linux's tcp_info (docs/tcp-info.md).
    """
    import json

    from testbed.cli.console import stdout
    from testbed.report.sockets import find_sockets, socket_frame, socket_table

    sockets, remark = find_sockets(run, [state.upper() for state in states])
    if remark:
        click.echo(remark, err=True)
    if form == "json":
        click.echo(json.dumps(sockets, indent=2))
    elif form == "csv":
        from testbed.report.answers import as_csv

        click.echo("\n".join(as_csv(socket_frame(sockets))))
    else:
        stdout().print(socket_table(sockets))
