"""From files to a plan: each combination of a sweep is read into the spec of a run.

All problems come back at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from testbed.errors import ConfigError
from testbed.experiment.expect import ExpectationError, check
from testbed.experiment.language.document import nearest
from testbed.experiment.language.gather import NETWORK, gather
from testbed.experiment.language.reader import Reader
from testbed.experiment.language.sweep import Combination, combinations, repetitions, run_id, seed_of
from testbed.experiment.reading.flows import FlowReader, TimelineReader, fill_queues
from testbed.experiment.reading.placement import place
from testbed.experiment.reading.programs import Programs
from testbed.experiment.reading.routes import routes_of
from testbed.experiment.reading.topology import NAME, PLUGS, TopologyReader, check_name, read_tcp
from testbed.experiment.spec import ExperimentKeys, ExperimentSpec, TopologySpec
from testbed.runtime.gso import LARGEST


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run to be done."""

    id: str
    """What its folder is called, such as `tcp.rto_min=200ms,repeat=3`."""
    params: dict[str, Any]
    """What the axes of the sweep are set to, as written."""
    repeat: int
    """Which repetition, from 1."""
    spec: ExperimentSpec


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An experiment, read and checked, with all its runs."""

    name: str
    file: str
    """What it was read from, as it was named."""
    files: dict[str, bytes]
    """The files that it was read from, by the name that each has in a run folder."""
    overrides: dict[str, Any]
    """What was set on the command line, by path."""
    runs: tuple[PlannedRun, ...]


def load(file: File | str, overrides: Mapping[str, Any] | None = None) -> Plan:
    """The plan of the experiment in `file`; `overrides` are values by path, as after `--set`. Raises ConfigError."""
    overrides = dict(overrides or {})
    document, files, problems = gather(File(file), overrides)
    swept, wrong_axes = combinations(document, fixed=tuple(overrides))
    repeats, wrong_repeat = repetitions(document)
    problems += wrong_axes + wrong_repeat
    programs = Programs(File(file).parent)
    runs: list[PlannedRun] = []
    for combination in swept:
        reader = Reader(combination.document, PLUGS)
        spec = read_experiment(reader, default_name=File(file).stem, programs=programs)
        problems += reader.problems
        runs += [_planned(combination, spec, repeat, repeats) for repeat in range(1, repeats + 1)]
    if problems:
        unique = {str(found): found for found in problems}
        raise ConfigError(sorted(unique.values(), key=lambda found: (found.file, found.line, found.column)))
    files |= programs.files
    return Plan(name=runs[0].spec.name, file=str(file), files=files, overrides=overrides, runs=tuple(runs))


def _planned(combination: Combination, spec: ExperimentSpec, repeat: int, repeats: int) -> PlannedRun:
    name = run_id(combination.params, repeat, repeats)
    seeded = replace(spec, seed=seed_of(spec.seed, repeat))
    return PlannedRun(id=name, params=combination.params, repeat=repeat, spec=seeded)


def read_experiment(reader: Reader, default_name: str, programs: Programs) -> ExperimentSpec:
    """The spec of one run; what could not be read has its default, and the reader its problem."""
    found = reader.fields((), ExperimentKeys, ignore=NETWORK)
    name = found.get("name") or default_name
    if not NAME.fullmatch(name):
        message = f"{name!r} cannot name a folder of results"
        reader.problem(("name",), message, "name: a letter, then letters, digits, - and _")
    layer = read_tcp(reader, ("tcp",))
    topology = TopologyReader(reader, layer).read()
    routes = routes_of(topology)
    duration = found.get("duration")
    flows = FlowReader(reader, topology, routes, layer, programs).read(duration)
    topology = fill_queues(topology, flows, routes)
    spec = ExperimentSpec(
        name=name, topology=topology, flows=flows, clock=found.get("clock", "virtual"), duration=duration,
        processes=found.get("processes"), agents=_read_agents(reader, topology),
        seed=found.get("seed", ExperimentKeys.seed), expect=found.get("expect", ()),
        timeline=TimelineReader(reader, topology, layer).read(duration),
        trace=found.get("trace") or ExperimentKeys.trace, capture=found.get("capture") or ExperimentKeys.capture,
    )  # fmt: skip
    for index, machine in enumerate(spec.capture.machines):
        if machine not in topology.machines:
            message = f"there is no host or router {machine!r}"
            reader.problem(("capture", "machines", index), message, nearest(machine, topology.machines))
    _check_processes(reader, spec)
    _check_expectations(reader, spec)
    return spec


def _read_agents(reader: Reader, topology: TopologySpec) -> dict[str, tuple[str, ...]]:
    """Which machines run elsewhere: each of them once, and not all that there are under no name."""
    agents: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    for name in reader.mapping(("agents",)):
        path = ("agents", name)
        check_name(reader, path, name, "agent")
        machines = reader.sequence(path)
        for index, machine in enumerate(machines):
            if machine not in topology.machines:
                message = f"there is no host or router {machine!r}"
                reader.problem((*path, index), message, nearest(str(machine), topology.machines))
            elif owners.setdefault(machine, name) != name or machine in machines[:index]:
                reader.problem((*path, index), f"{machine!r} runs at {owners[machine]!r} already", "name it once")
        agents[name] = tuple(machine for machine in machines if machine in topology.machines)
    return agents


def _check_processes(reader: Reader, spec: ExperimentSpec) -> None:
    """There is one at least, and in real time a packet fits into a datagram from one to another."""
    if spec.processes == 0:
        reader.problem(("processes",), "somebody must run the machines", "1 or more; absent: each machine has its own")
    crossing = place(spec).tunnels(spec) if spec.clock == "real" else {}
    for name in crossing:
        for direction, _, _, one in spec.topology.links[name].directions:
            largest = max(one.mtu, *(change.directions.get(direction, one).mtu for change in spec.timeline), 0)
            if largest > LARGEST:
                message = f"is {largest}B, and a datagram between processes carries {LARGEST}B at most"
                reader.problem(("links", name, "mtu"), message, "a smaller mtu, or one process for both ends")


def _check_expectations(reader: Reader, spec: ExperimentSpec) -> None:
    """Every expectation can be understood, and speaks of what there is."""
    flows = list(reader.mapping(("traffic",)))
    links = list(reader.mapping(("links",)))
    written = reader.document.at(("expect",))
    for index, text in enumerate(written if isinstance(written, list) else [written]):
        try:
            if isinstance(text, str):
                check(text, flows=flows, links=links, segments=spec.trace.segment)
        except ExpectationError as error:
            reader.problem(("expect", index), str(error), error.suggestion)
