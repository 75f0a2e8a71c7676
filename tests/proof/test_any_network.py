"""Whatever a network does short of cutting the path: what is read is what was written, and everything comes to its end.

Whole experiments are made up: a chain of links, each impaired in its own ways, and flows of several applications with
TCP settings of their own. The readers check every byte, so that a flow without an error is one whose data came through.
While it runs, after every single event, no connection may wait for something without a timer that waits for it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.clock import SECOND
from testbed.experiment.world.world import World
from testbed.host.socket import Socket
from testbed.tcp.congestion import CONTROLS
from testbed.tcp.state import State
from testbed.tcp.timers import OVERRIDE, PACE, PERSIST, RETRANSMIT
from testbed.trace.tracer import ConnectionTracer, FourTuple, Tracer

Build = Callable[..., World]

LONGEST = 24 * 3600 * SECOND

# -- experiments ------------------------------------------------------------------------------------------------------

percent = st.integers(0, 8).map(lambda n: f"{n}%")
duration = st.integers(1, 150).map(lambda n: f"{n}ms")
size = (st.sampled_from([9_001, 40_000, 1]) | st.integers(1, 40_000)).map(lambda n: f"{n}B")

losses = percent | st.fixed_dictionaries({"model": st.just("gilbert-elliott"), "p": st.just("2%"), "r": st.just("40%")})
jitters = st.fixed_dictionaries({"model": st.just("uniform"), "spread": duration, "reorder": st.booleans()})
reorderings = st.fixed_dictionaries({"share": percent, "delay": duration})
limits = st.integers(2, 40).map(lambda n: f"{n} packets")
queues = limits | st.fixed_dictionaries(
    {"discipline": st.just("droptail"), "limit": limits, "mark_above": st.sampled_from(["0 packets", "5 packets"])}
)
directions = st.fixed_dictionaries(
    {"delay": duration},
    optional={
        "rate": st.sampled_from(["256kbit/s", "2Mbit/s", "50Mbit/s"]), "queue": queues, "loss": losses,
        "jitter": jitters, "duplicate": percent, "corrupt": percent, "reorder": reorderings,
        "drop": st.lists(st.integers(1, 40), max_size=3, unique=True),
    },
)  # fmt: skip

bulks = st.fixed_dictionaries({"app": st.just("bulk"), "size": size}, optional={"read_delay": duration})
slow_readers = st.fixed_dictionaries(
    {"app": st.just("bulk"), "size": size, "read_rate": st.sampled_from(["8kbit/s", "64kbit/s"])},
    optional={"read_delay": st.just("5s")},
)
bursts = st.fixed_dictionaries({"app": st.just("on-off"), "burst": size, "bursts": st.integers(1, 3), "off": duration})
requests = st.fixed_dictionaries(
    {"app": st.just("request-response"), "request": size, "response": size, "count": st.integers(1, 3)},
    optional={"connections": st.sampled_from(["one", "per-request"]), "think": duration},
)

applications = slow_readers | bulks | bursts | requests

settings_of_tcp = st.fixed_dictionaries(
    {
        "syn_retries": st.just(30), "data_retries": st.just(60),  # bad luck is not a cut path
        "receive_buffer": st.sampled_from(["3000B", "300B", "64KiB", "1MiB"]),
    },
    optional={
        "send_buffer": st.sampled_from(["300B", "5000B", "100kB"]),
        "initial_sequence": st.sampled_from([0, 2**32 - 1, 2**32 - 3000]),
        "initial_window": st.integers(1, 10), "dupack_threshold": st.integers(1, 4), "mss": st.sampled_from(["100B"]),
        "delayed_ack": st.sampled_from(["0s", "40ms", "400ms"]), "rto_min": st.sampled_from(["10ms", "200ms"]),
        "keepalive": st.booleans(), "keepalive_idle": st.just("1s"), "msl": st.sampled_from(["0s", "30s"]),
        "nagle": st.booleans(), "sack": st.booleans(), "timestamps": st.booleans(), "window_scaling": st.booleans(),
        "limited_transmit": st.booleans(), "idle_restart": st.booleans(), "rack": st.booleans(),
        "tail_loss_probe": st.booleans(), "rate_reduction": st.sampled_from(["rfc9937", "rfc6937", "off"]),
        "dsack": st.booleans(), "eifel": st.booleans(), "dsack_undo": st.booleans(), "frto": st.booleans(),
        "pacing": st.sampled_from(["auto", "on", "off"]), "congestion": st.sampled_from(sorted(CONTROLS)),
        "ecn": st.sampled_from(["classic", "accurate"]), "ecn_option": st.booleans(), "abe": st.booleans(),
    },
)  # fmt: skip


@st.composite
def experiments(draw: st.DrawFn) -> str:
    """Hosts `a` and `b` at the ends of a chain, and flows in both directions."""
    mtu = draw(st.sampled_from(["576B", "1500B"]))  # a smaller one on the way would be a cut: we never fragment
    machines = ["a", *(f"r{n}" for n in range(draw(st.integers(0, 2)))), "b"]
    links = {
        f"l{n}": {"ends": ends, "mtu": mtu, **draw(directions), "reverse": draw(directions)}
        for n, ends in enumerate(pairwise(machines))
    }
    flows = [
        {"name": f"f{n}", **flow, "from": ends[0], "to": ends[1], "client_tcp": here, "server_tcp": there}
        for n, (flow, ends, here, there) in enumerate(
            draw(
                st.lists(
                    st.tuples(applications, st.permutations(["a", "b"]), settings_of_tcp, settings_of_tcp),
                    min_size=1, max_size=3,
                )
            )
        )
    ]  # fmt: skip
    topology = {"hosts": ["a", "b"], "routers": machines[1:-1], "links": links}
    return json.dumps({"topology": topology, "traffic": flows, "seed": draw(st.integers(0, 2**32))})


# -- what is looked at ------------------------------------------------------------------------------------------------


class States(Tracer):
    """The state that each end of each connection is in. Listeners, which have no peer, stay what they are."""

    def __init__(self) -> None:
        self.now_in: dict[tuple[str, FourTuple], str] = {}

    def connection(self, host: str, label: str, four_tuple: FourTuple) -> ConnectionTracer:
        return StateWatch(self.now_in, (host, four_tuple)) if four_tuple[2] else ConnectionTracer()


class StateWatch(ConnectionTracer):
    def __init__(self, states, key):
        self.states, self.key = states, key

    def state(self, now, old, new, cause):
        self.states[self.key] = new


def forgotten(socket: Socket) -> str:
    """What `socket` waits for without a timer; "" when all is well."""
    connection = socket.connection
    sender, timers = connection.sender, connection.timers
    if sender.board.records and not timers.runs(RETRANSMIT):
        return "data is in flight, and no retransmission timer runs"
    waits = sender.unsent and State.ESTABLISHED <= connection.machine.state < State.TIME_WAIT
    if waits and not sender.board.records and not any(map(timers.runs, (PERSIST, OVERRIDE, PACE))):
        return "data waits to be sent, and neither the persist timer, nor the override, nor the pace's runs"
    if connection.deadline is not None and (socket._alarm.due is None or socket._alarm.due > connection.deadline):
        return "the connection has a deadline, and the alarm is not set to it"
    return ""


def run_to_its_end(world: World) -> None:
    """Event by event, until nothing is left to happen."""
    clock, hosts = world.clock, list(world.hosts.values())
    while clock.now < LONGEST and clock.step():
        for host in hosts:
            for socket in host.sockets:
                assert not forgotten(socket), f"{socket} at {clock.now} ns: {forgotten(socket)}"


def check(build: Build, text: str) -> None:
    states = States()
    world = build(text, states)
    run_to_its_end(world)
    waiting = [line for flow in world.flows.values() for line in flow.waiting_for]
    assert world.clock.next_due() is None, waiting
    for flow in world.flows.values():
        ends: dict[str, Any] = dict(flow.ends)
        assert flow.error is None
        assert flow.complete, flow.waiting_for
        assert ends["server"].bytes_read == ends["client"].bytes_written
        assert ends["client"].bytes_read == ends["server"].bytes_written
    assert [socket for host in world.hosts.values() for socket in host.sockets] == []
    assert len(states.now_in) >= 2 * len(world.flows), "both ends of each"
    assert set(states.now_in.values()) == {"CLOSED"}


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(experiments())
def test_what_is_read_is_what_was_written(build: Build, text: str) -> None:
    check(build, text)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(experiments())
def test_what_is_read_is_what_was_written_at_length(build: Build, text: str) -> None:
    check(build, text)
