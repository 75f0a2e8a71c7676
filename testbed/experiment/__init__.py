"""From an experiment's file to a run's folder.

spec         everything that an experiment says, key by key; `spec_json` on its way to another process
language/    text -> one document, with the place of every value
reading/     files -> a plan: the spec of every run of a sweep (`load`; a module for each part of a file)
expect/      what must be true of a run
world/       spec -> hosts, links and flows around a clock; who listens to them, and what is found at the end
run          a plan -> runs; `trial` is one in virtual time, `status` how it ended
folder       what they leave on the disk
"""

from __future__ import annotations

from typing import Any


def schema() -> dict[str, Any]:
    """The JSON Schema of experiment and topology files, for editors."""
    from testbed.experiment.reading.json_schema import experiment_schema

    return experiment_schema()
