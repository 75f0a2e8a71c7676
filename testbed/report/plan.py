"""What an experiment file comes to, before anything runs: its runs, flows with their round trips, links, queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from testbed.errors import ConfigError
from testbed.experiment.reading.load import Plan, load
from testbed.experiment.reading.routes import Routes
from testbed.experiment.spec import ExperimentSpec
from testbed.link.spec import DirectionSpec
from testbed.units import show_duration, show_rate, show_share, show_size


def load_all(files: Iterable[str], overrides: Mapping[str, Any]) -> list[Plan]:
    """The plans of all files. Raises ConfigError with the problems of all of them, so that one look is enough."""
    plans, problems = [], []
    for file in files:
        try:
            plans.append(load(file, overrides))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return plans


def plan_lines(plan: Plan) -> Iterator[str]:
    """A line for the whole, one a flow, one a direction of a link; of a sweep, its first run's."""
    yield f"{plan.file}: all well, {_runs(plan)}"
    yield from (f"  not judged, because of what is set: {text}" for text in plan.left_out)
    spec = plan.runs[0].spec
    entries = [*_flows(spec), *_links(spec)]
    width = max((len(name) for name, _ in entries), default=0)
    yield from (f"  {name:<{width}}  {what}" for name, what in entries)


def _runs(plan: Plan) -> str:
    """How many there are, of what: `8 runs: 4 settings, 2 repetitions of each`."""
    settings = sum(run.repeat == 1 for run in plan.runs)
    count = len(plan.runs)
    if plan.precision is not None:
        until = plan.precision
        return (
            f"{count} to {settings * until.most} runs: {_counted(settings, 'setting')}, {until.least} to {until.most} "
            f"repetitions of each, until {until.metric or 'goodput'} is known to ±{show_share(until.share)} "
            f"at {show_share(until.confidence)}"
        )
    if settings in (1, count):
        return _counted(count, "run")
    return f"{count} runs: {settings} settings, {count // settings} repetitions of each"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _flows(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    routes = Routes(spec.topology)
    for name, flow in spec.flows.items():
        if not flow.source:
            yield name, f"{flow.app} on {flow.destination}"
            continue
        ways = (flow.source, flow.destination), (flow.destination, flow.source)
        round_trip = show_duration(sum(routes.delay(*way) or 0 for way in ways))
        yield name, f"{flow.app}, {flow.source} → {flow.destination}, round trip {round_trip}"


def _links(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    for link in spec.topology.links.values():
        for name, sender, receiver, direction in link.directions:
            yield name, f"{sender} → {receiver}, {', '.join(_direction(direction))}"


def _direction(direction: DirectionSpec) -> Iterator[str]:
    yield show_rate(direction.rate) if direction.rate is not None else "any rate"
    yield show_duration(direction.delay) if direction.delay else "no delay"
    if direction.queue.limit is not None:
        number, unit = direction.queue.limit
        yield f"queue {show_size(number) if unit == 'bytes' else f'{number} {unit}'}"
