"""From files to a plan: each combination of a sweep is read into the spec of a run.

All problems come back at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from testbed.errors import ConfigError
from testbed.experiment.expect import settings_of
from testbed.experiment.language.document import nearest
from testbed.experiment.language.gather import NETWORK, gather
from testbed.experiment.language.overrides import put_in
from testbed.experiment.language.reader import Reader
from testbed.experiment.language.repeat import Precision, repetitions
from testbed.experiment.language.sweep import Combination, combinations, run_id, seed_of, settings_in
from testbed.experiment.reading.expectations import check_precision, read_comparisons, read_expectations
from testbed.experiment.reading.flows import FlowReader, TimelineReader, fill_queues
from testbed.experiment.reading.holding import holds
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
    repeats: int = 1
    """How many repetitions of its setting there may be: the width of the number in its id."""


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
    """In the order of the sweep, the repetitions of a setting together; with a `precision`, its least number."""
    comparisons: tuple[str, ...] = ()
    """What is expected of several runs together; what is expected of each is in its spec."""
    left_out: tuple[str, ...] = ()
    """What the file expects of runs that the overrides have left out."""
    precision: Precision | None = None
    """When a setting has been repeated often enough; None: when all `runs` are done."""


def load(file: File | str, overrides: Mapping[str, Any] | None = None) -> Plan:
    """The plan of the experiment in `file`; `overrides` are values by path, as after `--set`. Raises ConfigError."""
    overrides = {
        path: list(value) if isinstance(value, tuple | range) else value for path, value in (overrides or {}).items()
    }
    document, files, problems = gather(File(file))
    given = put_in(document, overrides, holds)
    swept, wrong_axes = combinations(document, given.fixed, given.axes)
    repeats, precision, wrong_repeat = repetitions(document, len(swept))
    problems += [*given.problems, *wrong_axes, *wrong_repeat]
    most = precision.most if precision else repeats
    programs = Programs(File(file).parent)
    runs: list[PlannedRun] = []
    for combination in swept:
        reader = Reader(combination.document, PLUGS)
        spec = read_experiment(reader, default_name=File(file).stem, programs=programs)
        problems += reader.problems
        runs += [_planned(combination, spec, repeat, most) for repeat in range(1, repeats + 1)]
    settings = [settings_of(run.params, run.repeat) for run in runs]
    written = [settings_of(params, 1) for params in settings_in(document)] if overrides else []
    comparisons = read_comparisons(document, settings, written, runs[0].spec)
    problems += [] if wrong_axes else comparisons.problems
    problems += check_precision(document, runs[0].spec)
    if problems:
        unique = {str(found): found for found in problems}
        raise ConfigError(sorted(unique.values(), key=lambda found: (found.file, found.line, found.column)))
    files |= programs.files
    return Plan(
        name=runs[0].spec.name, file=str(file), files=files, overrides=overrides, runs=tuple(runs),
        comparisons=comparisons.kept, left_out=comparisons.left_out, precision=precision,
    )  # fmt: skip


def repetition(first: PlannedRun, number: int) -> PlannedRun:
    """The repetition with that `number`, from 1, of the setting whose `first` repetition is given."""
    spec = replace(first.spec, seed=seed_of(first.spec.seed, number))
    return replace(first, id=run_id(first.params, number, first.repeats), repeat=number, spec=spec)


def _planned(combination: Combination, spec: ExperimentSpec, repeat: int, repeats: int) -> PlannedRun:
    name = run_id(combination.params, 1, repeats)
    first = PlannedRun(id=name, params=combination.params, repeat=1, spec=spec, repeats=repeats)
    return repetition(first, repeat)


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
    return replace(spec, expect=read_expectations(reader, spec))


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
