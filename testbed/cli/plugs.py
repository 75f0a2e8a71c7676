"""`testbed list` and `testbed schema`: what an experiment may say."""

from __future__ import annotations

import click

KINDS = ("controls", "losses", "jitters", "qdiscs", "apps", "metrics", "plots", "topologies")


@click.command("list", epilog="\b\nExample:\n  testbed list losses\n")
@click.argument("kind", type=click.Choice(KINDS))
def list_(kind: str) -> None:
    """What can be plugged in: its name in a file, and what it is."""
    from testbed.report.catalogue import catalogue

    entries = catalogue(kind)
    width = max((len(name) for name, _ in entries), default=0)
    for name, what in entries:
        click.echo(f"{name:<{width}}  {what}".rstrip())


@click.command(epilog="\b\nExample:\n  testbed schema > testbed.schema.json\n")
def schema() -> None:
    """The JSON Schema of an experiment file, for editors."""
    import json

    from testbed.experiment.reading.json_schema import experiment_schema

    click.echo(json.dumps(experiment_schema(), indent=2))
