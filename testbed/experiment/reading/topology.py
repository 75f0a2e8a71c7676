"""The part of a document that describes the network: machines, links, and what each link direction does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from testbed.errors import UnitError
from testbed.experiment.language.document import Path, nearest
from testbed.experiment.language.reader import Plug, Reader, shown
from testbed.experiment.spec import HostKeys, LinkKeys, LinkSpec, MachineSpec, TopologyKeys, TopologySpec
from testbed.link.delay import JITTERS, JitterSpec
from testbed.link.drop_rule import DropRule
from testbed.link.loss import LOSSES
from testbed.link.loss.model import LossSpec
from testbed.link.qdisc import QDISCS
from testbed.link.qdisc.qdisc import QdiscSpec
from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.tcp.congestion import CONTROLS, ControlSpec
from testbed.wire.packet import read_address, show_address

PLUGS: Final[dict[type, Plug]] = {
    LossSpec: Plug(LOSSES, "model", "bernoulli", "p"),
    JitterSpec: Plug(JITTERS, "model", "uniform", "spread"),
    QdiscSpec: Plug(QDISCS, "discipline", "droptail", "limit"),
    ControlSpec: Plug(CONTROLS, "control", "cubic"),
}
"""What is chosen from a plug table, by the type of the field: `loss: 1%` is `{model: bernoulli, p: 1%}`."""

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
FIRST_ADDRESS: Final = 0x0A000000
"""10.0.0.0; machine number i, from 1, has the i-th address after it."""

TcpLayer = tuple[Path, dict[str, Any]]
"""Where some TCP settings are written, and those of them that are right."""


class TopologyReader:
    """Reads the network of one document; `layer` is the experiment's `tcp`."""

    def __init__(self, reader: Reader, layer: TcpLayer) -> None:
        self._reader = reader
        self._layer = layer

    def read(self) -> TopologySpec:
        """What could be read; the reader has the problems of the rest."""
        reader = self._reader
        reader.fields(("topology",), TopologyKeys)
        machines = self._machines()
        links = {}
        for name in reader.mapping(("links",)):
            check_name(reader, ("links", name), name, "link")
            link = self._link(name, machines)
            if link is not None:
                links[name] = link
        within = reader.document.at(("topology",)) is not None  # or the file is a topology itself
        name = reader.document.at(("topology", "name") if within else ("name",))
        return TopologySpec(name=str(name or ""), machines=machines, links=links)

    def _machines(self) -> dict[str, MachineSpec]:
        reader = self._reader
        machines: dict[str, MachineSpec] = {}
        hosts = list(reader.mapping(("hosts",)))
        routers = [name for name in reader.sequence(("routers",)) if isinstance(name, str)]
        for index, name in enumerate(reader.sequence(("routers",))):
            if not isinstance(name, str):
                reader.problem(("routers", index), f"is a name, not {shown(name)}")
            elif name in hosts or name in routers[:index]:
                reader.problem(("routers", index), f"a machine is called {name!r} already", "give it another name")
            else:
                check_name(reader, ("routers", index), name, "router")
        for number, name in enumerate([*hosts, *routers], start=1):
            if name not in machines:
                machines[name] = self._machine(name, FIRST_ADDRESS + number, name not in hosts)
        self._check_addresses(machines)
        return machines

    def _machine(self, name: str, address: int, forwarding: bool) -> MachineSpec:
        if forwarding:
            return MachineSpec(name=name, address=address, forwarding=True)
        reader, path = self._reader, ("hosts", name)
        check_name(reader, path, name, "host")
        found = reader.fields(path, HostKeys)
        if found.get("address"):
            try:
                address = read_address(found["address"])
            except ValueError as error:
                reader.problem((*path, "address"), str(error))
        tcp = merge_tcp(reader, [self._layer, read_tcp(reader, (*path, "tcp"))])
        return MachineSpec(name=name, address=address, forwarding=False, tcp=tcp)

    def _check_addresses(self, machines: dict[str, MachineSpec]) -> None:
        owners: dict[int, str] = {}
        for machine in machines.values():
            owner = owners.setdefault(machine.address, machine.name)
            if owner != machine.name:
                path = ("hosts", machine.name, "address")
                if self._reader.document.at(path) is None:
                    path = ("hosts", owner, "address")
                message = f"{show_address(machine.address)} belongs to both {owner!r} and {machine.name!r}"
                self._reader.problem(path, message, "give each machine its own")

    # -- links -------------------------------------------------------------------------------------------------------

    def _link(self, name: str, machines: dict[str, MachineSpec]) -> LinkSpec | None:
        reader, path = self._reader, ("links", name)
        given = reader.fields(path, LinkKeys, DirectionSpec)
        back = reader.fields((*path, "reverse"), DirectionSpec)
        reader.missing(path, LinkKeys)
        ends = self._ends((*path, "ends"), given.pop("ends", None), machines)
        given.pop("reverse", None)
        forward = reader.make(path, DirectionSpec, given)
        given.pop("drop", None)
        reverse = reader.make((*path, "reverse"), DirectionSpec, given | back) if forward is not None else None
        for where, spec in ((path, forward), ((*path, "reverse"), reverse)):
            if spec is not None:
                self._check_drops((*where, "drop"), spec, machines)
        if ends is None:
            return None
        return LinkSpec(name=name, ends=ends, forward=forward or DirectionSpec(), reverse=reverse or DirectionSpec())

    def _ends(self, path: Path, ends: Any, machines: dict[str, MachineSpec]) -> tuple[str, str] | None:
        reader = self._reader
        if ends is None:
            return None
        if len(ends) != 2:
            reader.problem(path, f"a link has two ends, not {len(ends)}", "ends: [a, b]")
            return None
        unknown = [index for index, end in enumerate(ends) if end not in machines]
        for index in unknown:
            message = f"there is no host or router {ends[index]!r}"
            reader.problem((*path, index), message, nearest(ends[index], machines))
        if not unknown and ends[0] == ends[1]:
            reader.problem(path, f"both ends are {ends[0]!r}", "a link joins two machines")
            return None
        return None if unknown else (ends[0], ends[1])

    def _check_drops(self, path: Path, spec: DirectionSpec, machines: dict[str, MachineSpec]) -> None:
        for index, rule in enumerate(spec.drop):
            if isinstance(rule, DropRule):
                for end in (rule.source, rule.destination):
                    if end and end not in machines:
                        message = f"there is no host or router {end!r}"
                        self._reader.problem((*path, index), message, nearest(end, machines))


# -- shared with flows ------------------------------------------------------------------------------------------------


def check_name(reader: Reader, path: Path, name: str, what: str) -> None:
    """A name is part of paths, expectations and file names."""
    if not NAME.fullmatch(name):
        reader.problem(path, f"{name!r} cannot name a {what}", "a letter, then letters, digits, - and _", key=True)


def read_tcp(reader: Reader, path: Path) -> TcpLayer:
    """The TCP settings written at `path`."""
    return path, reader.fields(path, TcpConfig)


def merge_tcp(reader: Reader, layers: Iterable[TcpLayer]) -> TcpConfig:
    """The settings of all `layers`, the later before the earlier; the default where they contradict each other."""
    origins: dict[str, Path] = {}
    merged: dict[str, Any] = {}
    for path, settings in layers:
        merged |= settings
        origins |= dict.fromkeys(settings, path)
    while True:
        try:
            return TcpConfig(**merged)
        except UnitError as error:
            words = re.findall(r"\w+", str(error))
            blamed = next(word for word in [*words, *merged] if word in merged)
            reader.problem((*origins[blamed], blamed), str(error).removeprefix(f"{blamed} "))
            del merged[blamed]  # and look for what else is wrong
