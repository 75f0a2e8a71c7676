"""The command line: one function a command, and no logic. Only here does anything exit.

What a command does is done by the floors below, which are imported when the command runs, so that
`testbed --help` stays quick.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from testbed.cli.agent import agent
from testbed.cli.compare import compare
from testbed.cli.console import be_plain, be_there
from testbed.cli.ending import status_of
from testbed.cli.export import export
from testbed.cli.pictures import ladder, plot, report, states
from testbed.cli.plugs import list_, schema
from testbed.cli.read import show, trace
from testbed.cli.run import check, run
from testbed.cli.runs import query, runs
from testbed.cli.ss import ss

EXITS = """\b
Exit status:
  0    all well
  1    an expectation failed
  2    the input is wrong
  3    the run itself failed
  130  interrupted

\b
Example:
  testbed run experiments/quickstart.yaml
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXITS)
@click.version_option(package_name="testbed", message="%(prog)s %(version)s")
def cli() -> None:
    """A network laboratory: one YAML file becomes hosts, links and TCP transfers, then traces and numbers."""


for command in (
    run, check, show, trace, ladder, states, plot, ss, agent, list_, schema, runs, query, compare, export, report,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script. Commands return their exit status; what they raise is told without a traceback."""
    be_there()
    be_plain()
    sys.exit(status_of(lambda: cli.main(arguments, prog_name="testbed", standalone_mode=False)))
