"""Small runs to draw: an ordinary one and odd ones. Each is made once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.experiment.reading.load import load
from testbed.store.folder import find_runs, read_runs
from testbed.sweeps.run import carry_out

ROOT = Path(__file__).parents[3]

WIRE = """
name: {name}
topology:
  hosts: [here, there]
  links: {{wire: {{ends: [here, there], rate: 10Mbit/s, delay: 10ms{link}}}}}
traffic:
{flows}
"""

BULK = "  - {{name: {name}, app: bulk, from: here, to: there, size: {size}}}\n"


def text(name: str, *sizes: str, link: str = "", more: str = "") -> str:
    flows = "".join(BULK.format(name=f"f{number}", size=size) for number, size in enumerate(sizes, 1))
    return WIRE.format(name=name, link=link, flows=flows) + more


EXPERIMENTS = {
    "ordinary": text("ordinary", "80kB", "60kB", link=", drop: [20, 45], queue: 12 packets"),
    "no losses": text("clean", "50kB"),
    "one packet": text("one", "1B"),
    "a hundred flows": text("hundred", *["3kB"] * 100),
    "sweep": text(
        "sweep", "30kB", more="matrix: {links.wire.loss: [0%, 5%, 10%], tcp.sack: [true, false]}\nrepeat: 2\n"
    ),
    "nothing recorded": text(
        "bare",
        "5kB",
        more="trace: {state: false, segment: false, cwnd: false, drop: false, mark: false, queue: false, app: false}\n",
    ),
}


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[dict[str, Any]]]:
    """The documents of the runs of one of `EXPERIMENTS`, or of a lesson."""
    made: dict[str, list[dict[str, Any]]] = {}

    def find(name: str) -> list[dict[str, Any]]:
        if name not in made:
            home = tmp_path_factory.mktemp("drawn")
            file = ROOT / "experiments/lessons" / f"{name}.yaml"
            if name in EXPERIMENTS:
                file = home / "experiment.yaml"
                file.write_text(EXPERIMENTS[name])
            made[name] = read_runs(find_runs([carry_out(load(file), home / "results").folder]))
        return made[name]

    return find
