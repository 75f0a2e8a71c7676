"""What each agent is told to build, and with whom its tunnels connect it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from testbed.control.join import Guest, meeting
from testbed.control.messages import Address, Connect, Prepare
from testbed.experiment import spec_json
from testbed.experiment.reading.placement import Placement
from testbed.experiment.spec import ExperimentSpec


def preparations(
    spec: ExperimentSpec, placement: Placement, folder: Path, joined: Mapping[str, Guest]
) -> dict[str, Prepare]:
    """By agent. Those of ours write into the run's `folder`; those that have `joined` have one of their own."""
    addresses: dict[str, dict[str, str]] = {name: {} for name in placement.machines}
    for link, (first, second) in placement.tunnels(spec).items():
        ends = meeting(joined.get(first), joined.get(second))
        addresses[first][link], addresses[second][link] = ends
    written, epoch, local = spec_json.to_json(spec), time.time_ns(), placement.local
    return {
        name: Prepare(
            agent=name, spec=written, machines=list(machines), tunnels=addresses[name], epoch=epoch,
            folder=str(folder) if name in local else None, local_agents=local,
        )
        for name, machines in placement.machines.items()
    }  # fmt: skip


def connections(
    tunnels: Mapping[str, tuple[str, str]], ends: Mapping[str, Mapping[str, Address]]
) -> dict[str, Connect]:
    """By agent, from the agents of each tunnel, and where, by agent and link, its ends are."""
    peers: dict[str, dict[str, Address]] = {name: {} for name in ends}
    for link, (first, second) in tunnels.items():
        peers[first][link], peers[second][link] = ends[second][link], ends[first][link]
    return {name: Connect(peers=others) for name, others in peers.items()}
