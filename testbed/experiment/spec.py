"""What an experiment is, once its file has been read: frozen values in ns, bytes and bit/s, every default filled in.

The classes that end in `Keys` are what may be written at one place of a file, key by key; the others are what the
rest of the testbed sees. Nothing here knows YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from testbed.link.spec import DirectionSpec
from testbed.tcp.config import TcpConfig
from testbed.traffic.application import Application
from testbed.units import Count, Duration

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Port = Annotated[int, Field(ge=1, le=65535)]

# -- what may be written ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TraceKeys:
    """Which kinds of rows are kept. What is switched off costs nothing, and cannot be looked at afterwards."""

    state: bool = True
    """Every change of a connection's state, with its cause."""

    segment: bool = True
    """Every segment sent, received and dropped, with the reason."""

    cwnd: bool = True
    """The sender's window, threshold, RTT and RTO at each change, with its cause."""

    control: bool = True
    """What a congestion control keeps inside, at each change: only controls that have something to tell."""

    drop: bool = True
    """Every packet that a link or a machine dropped, with the reason."""

    mark: bool = True
    """Every packet that a queue marked instead of dropping it, with the reason."""

    icmp: bool = True
    """What machines tell of packets that they could not send on, and what became of it."""

    queue: bool = True
    """The length of each queue, and the wait, at each departure."""

    app: bool = True
    """What the applications did: connect, write, read, close."""


@dataclass(frozen=True, kw_only=True)
class CaptureKeys:
    """Captures of what passes the machines' interfaces. `capture: pcapng` is short for `{format: pcapng}`."""

    shorthand: ClassVar[str] = "format"

    format: Literal["none", "pcap", "pcapng"] = "none"
    """Classic pcap, a file for each interface, or pcapng, a file for each machine, which also tells what was lost."""

    machines: tuple[str, ...] = ()
    """Whose interfaces. Absent: all machines'."""


@dataclass(frozen=True, kw_only=True)
class ExperimentKeys:
    """An experiment file."""

    name: str = ""
    """What its results are filed under. Absent: the file's name."""

    topology: Any = None
    """The network: a topology file, relative to this one, or hosts, routers and links written here."""

    set: Any = None
    """Values to put in place of others, by path: `{links.bottleneck.loss: 1%}`. `--set` comes after it."""

    clock: Literal["virtual", "real"] = "virtual"
    """Virtual: exact, and as fast as the processor allows. Real: by the wall, with a process for every host."""

    processes: Count | None = None
    """Real clock only: how many processes, at least 1, share the machines. Absent: each machine has its own."""

    agents: Any = None
    """Real clock only: machines that run elsewhere, by the name under which an agent joins: `{lab2: [right1, r2]}`."""

    duration: Duration | None = None
    """When the run ends at the latest. Absent: when all is done; a run that is not done after 24 h has stalled."""

    seed: Seed = 1
    """What all chance comes from. The same seed and the same file give the same trace, byte for byte."""

    tcp: Any = None
    """TCP settings of every host. A host's own `tcp` comes before it, and a flow's before both."""

    traffic: Any = None
    """The flows: a list of applications, each with a name and the two hosts that it runs between."""

    timeline: Any = None
    """Changes while it runs: `{at: 10s, set: {links.bottleneck.rate: 5Mbit/s}}`. Only links change."""

    matrix: Any = None
    """Axes of a sweep: `{tcp.rto_min: [200ms, 1s]}`. Every combination is a run; `--set` of an axis fixes it."""

    zip: Any = None
    """Axes that go on together, as one axis of the sweep: `{tcp.rto_min: [200ms, 1s], tcp.msl: [1s, 5s]}`."""

    include: Any = None
    """Combinations that are run as well: `[{tcp.rto_min: 5s, links.path.loss: 20%}]`."""

    exclude: Any = None
    """Combinations that are not run: all that have these values, `[{tcp.rto_min: 1s, links.path.loss: 5%}]`."""

    repeat: Any = 1
    """How many runs of each combination, or `until ±2% at 95%`: until the mean is known so well. The n-th of each
    has the same seed; the first has `seed` itself."""

    expect: tuple[str, ...] = ()
    """What must be true afterwards, such as `a.goodput > 3 Mbit/s`; or of all runs together, with `median(…)`."""

    trace: TraceKeys = TraceKeys()
    """Which rows are kept."""

    capture: CaptureKeys = CaptureKeys()
    """Packets as Wireshark reads them: `capture: pcapng`."""


@dataclass(frozen=True, kw_only=True)
class TopologyKeys:
    """A topology file, or what stands below `topology:`."""

    name: str = ""
    """What it is called."""

    hosts: Any = None
    """Names of the machines that run applications, or a mapping of names to what is special about each."""

    routers: Any = None
    """Names of the machines that pass packets on."""

    links: Any = None
    """The links, by name."""


@dataclass(frozen=True, kw_only=True)
class HostKeys:
    """What may be special about a host."""

    address: str = ""
    """Its IPv4 address. Absent: 10.0.0.N, by its place among hosts, then routers."""

    tcp: Any = None
    """TCP settings of this host's ends of flows."""


@dataclass(frozen=True, kw_only=True)
class LinkKeys:
    """A link, beside the keys of its first direction."""

    ends: tuple[str, ...]
    """The two machines. The keys beside it are those of the direction from the first to the second."""

    reverse: Any = None
    """What differs from the second end to the first. `drop` does not carry over: it names packets of one direction."""


@dataclass(frozen=True, kw_only=True)
class FlowKeys:
    """A flow, beside the keys of its application."""

    name: str
    """What it is called in results and expectations."""

    app: str
    """The application, by its name in `testbed list apps`."""

    from_: str = ""
    """The host whose end connects: the client. Only an application without a client, such as `sink`, has none."""

    to: str
    """The host whose end listens: the server."""

    port: Port | None = None
    """What the server listens on. Absent: 5001 for the first flow of the file, 5002 for the second, and so on."""

    start: Duration = 0
    """When the client begins. The server listens from the beginning."""

    tcp: Any = None
    """TCP settings of both ends."""

    client_tcp: Any = None
    """TCP settings of the client's end, before `tcp`."""

    server_tcp: Any = None
    """TCP settings of the server's end, before `tcp`."""


@dataclass(frozen=True, kw_only=True)
class ChangeKeys:
    """An entry of the timeline."""

    at: Duration
    """When."""

    set: Any
    """What changes, by path below `links`. It stays so until it is set again."""


# -- what it means ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MachineSpec:
    """A host or a router."""

    name: str
    address: int
    forwarding: bool
    """Whether it passes packets on: a router."""
    tcp: TcpConfig = TcpConfig()  # noqa: RUF009 (frozen)


@dataclass(frozen=True, kw_only=True)
class LinkSpec:
    """A link between two machines, and what each of its directions does."""

    name: str
    ends: tuple[str, str]
    forward: DirectionSpec
    reverse: DirectionSpec

    @property
    def directions(self) -> tuple[tuple[str, str, str, DirectionSpec], ...]:
        """(name, sending machine, receiving machine, spec) of both."""
        first, second = self.ends
        return (self.name, first, second, self.forward), (f"{self.name}.reverse", second, first, self.reverse)


@dataclass(frozen=True, kw_only=True)
class TopologySpec:
    """A network."""

    name: str = ""
    machines: dict[str, MachineSpec] = field(default_factory=dict)
    links: dict[str, LinkSpec] = field(default_factory=dict)

    @property
    def hosts(self) -> list[str]:
        """Names of the machines that run applications."""
        return [machine.name for machine in self.machines.values() if not machine.forwarding]


@dataclass(frozen=True, kw_only=True)
class FlowSpec:
    """An application between two hosts."""

    name: str
    app: str
    application: Application
    source: str
    """`from`: the client's host; empty where there is no client."""
    destination: str
    """`to`: the server's host."""
    port: int
    start: int
    client_tcp: TcpConfig
    server_tcp: TcpConfig

    @property
    def roles(self) -> tuple[str, ...]:
        """Which ends it has."""
        return self.application.ends


@dataclass(frozen=True, kw_only=True)
class ChangeSpec:
    """A moment of the timeline: link directions, by name, and what they do from then on."""

    at: int
    directions: dict[str, DirectionSpec]


@dataclass(frozen=True, kw_only=True)
class ExperimentSpec:
    """One run of an experiment, complete: what a world is built from."""

    name: str
    topology: TopologySpec
    flows: dict[str, FlowSpec]
    clock: str = "virtual"
    processes: int | None = None
    """How many processes on this computer; None: one for each machine that is on it."""
    agents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Machines that run elsewhere, by the name of the agent that joins for them."""
    duration: int | None = None
    seed: int = 1
    timeline: tuple[ChangeSpec, ...] = ()
    expect: tuple[str, ...] = ()
    trace: TraceKeys = TraceKeys()
    capture: CaptureKeys = CaptureKeys()
