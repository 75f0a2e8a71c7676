"""`testbed agent`: a process that runs some of an experiment's machines for a controller."""

from __future__ import annotations

from pathlib import Path

import click

from testbed import units
from testbed.errors import ConfigError, UnitError


@click.command(epilog="\b\nExample:\n  testbed agent --join lab1:7000 --name lab2 --secret-file secret\n")
@click.option("--join", "address", metavar="HOST:PORT", required=True, help="Where the controller listens.")
@click.option("--name", metavar="NAME", required=True, help="The agent's name in the experiment file, under `agents`.")
@click.option("--secret-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="The secret that the controller has, too; else it is taken from TESTBED_SECRET.")  # fmt: skip
@click.option("--wait", metavar="DURATION", default="5min", show_default=True,
              help="How long to try while nobody listens there.")  # fmt: skip
def agent(address: str, name: str, secret_file: Path | None, wait: str) -> None:
    """Run machines of an experiment in real time, for the controller at HOST:PORT.

    On this computer `testbed run` starts agents by itself. On another one, start each by hand or over ssh: it
    takes part in all runs of one `testbed run --listen` and ends with it. See docs/machines.md.
    """
    from testbed.control.agent.serve import take_part
    from testbed.control.join import read_address
    from testbed.control.secret import find_secret

    patience = _patience(wait)
    take_part(read_address(address, "--join"), find_secret(secret_file), name, patience)


def _patience(wait: str) -> float:
    """In seconds. Raises ConfigError."""
    try:
        return units.duration(0 if wait == "0" else wait) / 1e9
    except UnitError as error:
        raise ConfigError.of(str(error), file="--wait") from error
