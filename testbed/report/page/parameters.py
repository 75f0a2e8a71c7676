"""Every parameter of a run, defaults included, with its unit and what it means; alike machines and links together."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from testbed import units
from testbed.experiment import spec as experiment
from testbed.experiment.language.reader import hints
from testbed.experiment.reading.json_schema import field_docs
from testbed.experiment.reading.topology import PLUGS
from testbed.link.spec import DirectionSpec
from testbed.report.page.markup.html import Html, details, marked, section, table, tag
from testbed.report.tables import written
from testbed.tcp.config import TcpConfig
from testbed.traffic import APPS

Spec = Mapping[str, Any]
Row = tuple[object, object, object]

NAMED: Final = 8
"""Names of alike machines, links or flows that are written out."""

SHOW: Final = {
    "duration": units.show_duration, "rate": units.show_rate, "size": units.show_size, "share": units.show_share,
}  # fmt: skip
"""How a quantity is written."""

TAGS: Final = [*((plug.tag, plug.table) for plug in PLUGS.values()), ("app", APPS)]
"""Keys that name a plug, each with the classes that its value chooses from."""

WHOLE: Final = ("links", "hosts", "routers", "traffic", "timeline")
"""What has tables of its own."""


def parameters(spec: Spec, varied: Mapping[str, object] | None = None) -> Html:
    """The section. `varied` has the axes of a sweep with all their values."""
    groups = [*_varied(varied or {}), *_experiment(spec), *_links(spec), *_hosts(spec), *_flows(spec), *_timeline(spec)]
    field = tag("input", type="search", id="search", placeholder="rto_min, delay, queue …", autocomplete="off")
    search = tag("div", tag("label", "Search ", field), class_="tools")
    look = "Every parameter as it was in force, defaults included. What differs from its default is bold."
    return section("parameters", "Parameters", search, *groups, look=look)


def _group(title: str, rows: list[Row], *, opened: bool = False) -> Iterator[Html]:
    if rows:
        shown = table(title, ("parameter", "value", "meaning"), rows, words=3, class_="parameters")
        yield details(f"{title} ({len(rows)})", shown, opened=opened)


def _varied(varied: Mapping[str, object]) -> Iterator[Html]:
    return _group(
        "What was varied", [(tag("code", path), tag("b", values), "") for path, values in varied.items()], opened=True
    )


def _experiment(spec: Spec) -> Iterator[Html]:
    rest = {key: value for key, value in spec.items() if key not in WHOLE}
    return _group("Experiment", list(rows_of(rest, experiment.ExperimentKeys)), opened=True)


def _links(spec: Spec) -> Iterator[Html]:
    for names, link in _alike(spec.get("links") or {}, without=("ends",)):
        back = link.get("reverse") or {}
        forward = {key: value for key, value in link.items() if key not in ("ends", "reverse")}
        rows = list(rows_of(forward, DirectionSpec))
        rows += [
            row for row in rows_of(back, DirectionSpec, "reverse.") if _bare(row, "reverse.") not in map(_bare, rows)
        ]
        yield from _group(_title("Link", names), rows)


def _bare(row: Row, prefix: str = "") -> tuple[str, str]:
    """A row's path without what it begins with, and its value: the same for both directions when they are alike."""
    path = str(row[0])
    return path.replace(f"<code>{prefix}", "<code>"), str(row[1])


def _hosts(spec: Spec) -> Iterator[Html]:
    for names, host in _alike(spec.get("hosts") or {}, without=("address",)):
        yield from _group(_title("TCP of host", names), list(rows_of(host.get("tcp") or {}, TcpConfig, "tcp.")))


def _flows(spec: Spec) -> Iterator[Html]:
    hosts = spec.get("hosts") or {}
    flows = {name: _flow(flow, hosts) for name, flow in (spec.get("traffic") or {}).items()}
    yield from _ends(flows)
    for names, flow in _alike(flows, without=("from", "to", "port", "start")):
        app = APPS.get(flow.get("app", ""))
        yield from _group(_title("Flow", names), list(rows_of(flow, experiment.FlowKeys, owners=(app,) if app else ())))


def _ends(flows: Mapping[str, Spec]) -> Iterator[Html]:
    """Where each flow runs: what differs even between alike ones."""
    keys = ("app", "from", "to", "port", "start")
    rows = [(tag("code", name), *(show(key, flow.get(key)) for key in keys)) for name, flow in flows.items()]
    if len(rows) > 1:
        yield details(f"All flows ({len(rows)})", table("All flows", ("flow", *keys), rows, words=9))


def _flow(flow: Spec, hosts: Spec) -> dict[str, Any]:
    """A flow, with only those of its TCP settings that are not its hosts'."""
    told = dict(flow)
    for key, end in (("client_tcp", "from"), ("server_tcp", "to")):
        common = (hosts.get(flow.get(end, "")) or {}).get("tcp") or {}
        told[key] = {name: value for name, value in (flow.get(key) or {}).items() if common.get(name) != value}
    return told


def _timeline(spec: Spec) -> Iterator[Html]:
    rows: list[Row] = []
    for at, change in enumerate(spec.get("timeline") or []):
        rows += rows_of(change, experiment.ChangeKeys, f"timeline[{at}].")
    return _group("Timeline", rows)


def _title(what: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}{'s' if len(names) > 1 else ''} {', '.join(names[:NAMED])}{more}"


def _alike(things: Mapping[str, Spec], without: tuple[str, ...]) -> list[tuple[list[str], Spec]]:
    """Those that differ in nothing but `without`, together; a thing on its own keeps all of its keys."""
    groups: dict[str, list[str]] = {}
    for name, thing in things.items():
        core = {key: value for key, value in thing.items() if key not in without}
        groups.setdefault(json.dumps(core, sort_keys=True), []).append(name)
    return [
        (
            names,
            things[names[0]] if len(names) == 1 else {k: v for k, v in things[names[0]].items() if k not in without},
        )
        for names in groups.values()
    ]


# -- rows -------------------------------------------------------------------------------------------------------------


def rows_of(value: Any, owner: type | None, prefix: str = "", owners: tuple[type, ...] = ()) -> Iterator[Row]:
    """A row for each leaf of a mapping; `owner` and `owners` are the specs whose keys it has."""
    known = [one for one in (owner, *owners, *_plugs(value)) if one is not None]
    for key, item in value.items():
        path = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            inner = TcpConfig if key in ("client_tcp", "server_tcp") else _field_type(known, key)
            yield from rows_of(item, inner, f"{path}.")
            continue
        if key in ("client_tcp", "server_tcp"):
            continue
        shown = show(key, item)
        yield (
            tag("code", path),
            tag("span", shown, class_="set") if _changed(known, key, item) else shown,
            _doc(known, key),
        )


def _plugs(value: Spec) -> list[type]:
    """The classes that a mapping's own tags choose, such as `model: bernoulli`."""
    chosen = [plugs.get(str(value[key])) for key, plugs in TAGS if key in value]
    return [one for one in chosen if isinstance(one, type)]


def _field_type(owners: list[type], key: str) -> type | None:
    for owner in owners:
        hint = hints(owner).get(key) if dataclasses.is_dataclass(owner) else None
        for arm in (hint, *typing.get_args(hint)):
            if isinstance(arm, type) and dataclasses.is_dataclass(arm):
                return arm
    return None


def _doc(owners: list[type], key: str) -> Html:
    found = next((docs[key] for docs in [_docs(owner) for owner in owners] if key in docs), "")
    return marked(found)


@cache
def _docs(owner: type) -> dict[str, str]:
    return field_docs(owner) if dataclasses.is_dataclass(owner) else {}


def _changed(owners: list[type], key: str, value: object) -> bool:
    """Whether a value is not its default, where both are plain."""
    for owner in owners:
        for field in dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ():
            if field.name.rstrip("_") == key:
                plain = field.default is None or isinstance(field.default, bool | int | float | str)
                return plain and (field.default or None) != (value or None)
    return False


def show(key: str, value: object) -> str:
    """A value with its unit."""
    if value is None:
        return "–"
    if isinstance(value, list) and len(value) == 2 and value[1] in ("packets", "bytes", "segments"):
        return units.show_size(value[0]) if value[1] == "bytes" else f"{value[0]:,} {value[1]}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        quantity = _quantity(key, value)
        return SHOW[quantity](value) if quantity in SHOW else f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return written(value) if value not in ({}, [], "") else "none"


def _quantity(key: str, value: float) -> str | None:
    known = _quantities().get(key, set())
    if len(known) > 1 and isinstance(value, float) and "share" in known:
        return "share"
    return next(iter(known)) if len(known) == 1 else None


@cache
def _quantities() -> dict[str, set[str]]:
    """What kind of quantity each key is, wherever it may stand."""
    plugs: list[Any] = [one for _, table in TAGS for one in table.values()]
    known = [*plugs, *vars(experiment).values(), DirectionSpec, TcpConfig, *_arms(DirectionSpec)]
    classes = {one for one in known if isinstance(one, type) and dataclasses.is_dataclass(one)}
    found: dict[str, set[str]] = {}
    for one in classes:
        for key, hint in hints(one).items():
            for name in _names(hint):
                found.setdefault(key, set()).add(name)
    return found


def _arms(one: type) -> Iterator[type]:
    for hint in hints(one).values():
        yield from (
            arm for arm in (hint, *typing.get_args(hint)) if isinstance(arm, type) and dataclasses.is_dataclass(arm)
        )


def _names(hint: Any) -> set[str]:
    """The quantities in a hint, however deep."""
    own = {mark.name for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, units.Quantity)}
    return own.union(*(_names(arm) for arm in typing.get_args(hint)))
