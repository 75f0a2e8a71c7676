"""`testbed ss`: the sockets that a run has left."""

from __future__ import annotations

import click

STATES = (
    "listen", "syn-sent", "syn-received", "established", "fin-wait-1", "fin-wait-2", "close-wait", "closing",
    "last-ack", "time-wait", "closed",
)  # fmt: skip


@click.command(epilog="\b\nExample:\n  testbed ss latest --state time-wait\n")
@click.argument("run")
@click.option("--state", "states", type=click.Choice(STATES, case_sensitive=False), multiple=True,
              help="Only those in this state; may be given several times.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Everything that is known of each, as JSON.")
def ss(run: str, states: tuple[str, ...], as_json: bool) -> None:
    """The sockets of a run's hosts as they were when it was over.

    RUN is a run's folder, a folder that holds one run, or `latest`. A run in virtual time without a `duration` goes on
    until its last connection is closed. `info` has the names and units of Linux's tcp_info (docs/tcp-info.md).
    """
    import json

    from testbed.cli.console import stdout
    from testbed.report.sockets import read_sockets, socket_table
    from testbed.store.folder import find_run

    sockets = read_sockets(find_run(run), [state.upper() for state in states])
    if as_json:
        click.echo(json.dumps(sockets, indent=2))
    else:
        stdout().print(socket_table(sockets))
