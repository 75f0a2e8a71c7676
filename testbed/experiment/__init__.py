"""From an experiment's file to a run's folder.

    language/    text -> one document, with the place of every value
    topology     the document's network        -> spec
    flows        its traffic and its timeline  -> spec
    load         files -> a plan: the spec of every run of a sweep
    expect/      what must be true of a run
    routes       the ways through a network
    world        spec -> hosts, links and flows around a clock
    recording    who listens to it: rows, meters, captures
    run          a plan -> runs; `trial` is one in virtual time, `outcome` its numbers, `status` how it ended
    folder       what they leave on the disk
    spec_json    a spec on its way to another process
    json_schema  what may be written, for editors

What could be written is in `spec`, key by key.
"""

from __future__ import annotations

from typing import Any


def schema() -> dict[str, Any]:
    """The JSON Schema of experiment and topology files, for editors."""
    from testbed.experiment.json_schema import experiment_schema

    return experiment_schema()
