"""Files to one document: an experiment with its topology, hosts and flows found by name, its own `set` put in.

In it a value has one path wherever it was written: the network stands at `hosts`, `routers` and `links`, whether it
came from a topology file or not, and `traffic.a.size` is the size of the flow called a.
"""

from __future__ import annotations

from pathlib import Path as File
from typing import Final

from testbed.errors import ConfigError, ConfigProblem
from testbed.experiment.language import yaml_loader
from testbed.experiment.language.document import Document, Path, Place, assign, nearest, problem, problem_at
from testbed.experiment.language.reader import shown

NETWORK: Final = ("hosts", "routers", "links")
"""What a topology brings into the document; the paths to it do not begin with `topology`."""

_START: Final = "begin with 'topology: …' and 'traffic: …'"


def gather(file: File) -> tuple[Document, dict[str, bytes], list[ConfigProblem]]:
    """The document, the files that it came from by the name that each has in a run folder, and what is wrong.

    A file is read once, so that what is run and what is kept are the same.

    Raises ConfigError where nothing more can be said: what is no YAML, or no mapping.
    """
    document = yaml_loader.load(file)
    if document.value is None:
        raise ConfigError([ConfigProblem("the file is empty", file=str(file), line=1, column=1, suggestion=_START)])
    if not isinstance(document.value, dict):
        message = f"an experiment is a mapping of keys to values, not {shown(document.value)}"
        raise ConfigError([problem(document, (), message, _START)])
    files = {"experiment.yaml": document.source}
    problems = _add_topology(document, file, files)
    problems += document.problems
    problems += _name_hosts(document)
    problems += _name_flows(document)
    problems += _put_in(document)
    return document, files, problems


# -- the network ------------------------------------------------------------------------------------------------------


def _add_topology(document: Document, file: File, files: dict[str, bytes]) -> list[ConfigProblem]:
    """Bring the network in, from another file or from below `topology`."""
    path: Path = ("topology",)
    topology = document.at(path)
    if topology is None:
        if not any(key in document.value for key in NETWORK):
            remedy = "name a topology file, or write hosts and links below it"
            return [problem(document, (), "needs 'topology'", remedy)]
        return []
    twice = [key for key in NETWORK if key in document.value]
    if twice:
        return [problem(document, (key,), "stands beside 'topology'", "leave one away", key=True) for key in twice]
    if isinstance(topology, str):
        other = file.parent / topology
        loaded = _load_topology(other, topology, document.place(path))
        files["topology.yaml"] = loaded.source
        document.problems += loaded.problems
        document.put(path, loaded)
    if not isinstance(document.at(path), dict):
        message = f"is a topology file, or a mapping with hosts and links, not {shown(topology)}"
        return [problem(document, path, message)]
    for key in NETWORK:
        if key in document.at(path):
            _lift(document, key)
    return []


def _lift(document: Document, key: str) -> None:
    """Move `topology.KEY` to KEY."""
    path: Path = ("topology", key)
    part, at_key = document.part(path), document.place(path, key=True)
    document.remove(path)
    document.put((key,), part)
    document.keys[(key,)] = at_key


def _load_topology(file: File, name: str, place: Place) -> Document:
    """The document in a topology file; that there is none is a problem of the file which names it."""
    if file.is_file():
        return yaml_loader.load(file)
    near = [str(File(name).with_name(found.name)) for found in sorted(file.parent.glob("*.y*ml"))]
    raise ConfigError([problem_at(place, "topology", f"there is no topology file {name!r}", nearest(name, near))])


# -- lists to names ---------------------------------------------------------------------------------------------------


def _name_hosts(document: Document) -> list[ConfigProblem]:
    """`hosts: [a, b]` means `hosts: {a: {}, b: {}}`."""
    hosts = document.at(("hosts",))
    if hosts is None or isinstance(hosts, dict):
        return []
    if not isinstance(hosts, list):
        wrong = problem(document, ("hosts",), f"is a list of names, or a mapping, not {shown(hosts)}", "hosts: [a, b]")
        document.remove(("hosts",))
        return [wrong]
    problems = []
    names: dict[int, str] = {}
    for index, name in enumerate(hosts):
        if not isinstance(name, str):
            problems.append(problem(document, ("hosts", index), f"is a name, not {shown(name)}", _HOSTS))
        elif name in hosts[:index]:
            problems.append(problem(document, ("hosts", index), f"a machine is called {name!r} already"))
        else:
            names[index] = name
    document.name_items("hosts", names, {name: {} for name in names.values()})
    return problems


_HOSTS: Final = "write a mapping to say more of a host: {a: {tcp: {…}}, b: {}}"


def _name_flows(document: Document) -> list[ConfigProblem]:
    """The flows by name; one without a name that can be used goes by its place in the list."""
    flows = document.at(("traffic",))
    if flows is None:
        return []
    if not isinstance(flows, list):
        message = f"is a list of flows, not {shown(flows)}"
        wrong = problem(document, ("traffic",), message, "begin each with '- name: '")
        document.remove(("traffic",))
        return [wrong]
    problems = []
    names: dict[int, str] = {}
    known: set[str] = set()
    for index, flow in enumerate(flows):
        path: Path = ("traffic", index)
        if not isinstance(flow, dict):
            problems.append(problem(document, path, f"is a flow: a mapping of keys to values, not {shown(flow)}"))
            continue
        name = flow.get("name")
        if isinstance(name, str) and name in known:
            problems.append(problem(document, (*path, "name"), f"a flow is called {name!r} already", "rename one"))
        names[index] = name if isinstance(name, str) and name not in known else str(index)
        known.add(names[index])
    document.name_items("traffic", names, {name: flows[index] for index, name in names.items()})
    return problems


# -- overrides --------------------------------------------------------------------------------------------------------


def _put_in(document: Document) -> list[ConfigProblem]:
    """The file's own `set`."""
    own = document.at(("set",))
    if own is None:
        return []
    if not isinstance(own, dict):
        remedy = "set: {links.bottleneck.loss: 1%}"
        return [problem(document, ("set",), f"is a mapping of paths to values, not {shown(own)}", remedy)]
    problems = []
    for name in own:
        path: Path = ("set", name)
        problems += assign(document, name, document.part(path), document.place(path, key=True))
    return problems
