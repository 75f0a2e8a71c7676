"""The applications: what they write is read, they end when they should, and they say what they wait for."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.host.guest import Program
from testbed.host.socket import Handler
from testbed.link.loss.bernoulli import Bernoulli
from testbed.tcp.config import TcpConfig
from testbed.traffic import APPS
from testbed.traffic.bulk import BulkSpec
from testbed.traffic.chance import draw
from testbed.traffic.cue import Cue
from testbed.traffic.dialogue.spec import DialogueSpec
from testbed.traffic.guest import GuestSpec
from testbed.traffic.on_off import OnOffSpec
from testbed.traffic.payload import CHUNK, PERIOD, Inbox
from testbed.traffic.request_response import RequestResponseSpec
from testbed.traffic.sink import SinkSpec

GUEST = """
from testbed import streams

async def ask():
    reader, writer = await streams.open_connection()
    writer.write(b"x" * 20_000)
    writer.write_eof()
    assert len(await reader.read()) == 30_000
    writer.close()

async def answer():
    await streams.start_server(visitor)

async def visitor(reader, writer):
    assert len(await reader.read()) == 20_000
    writer.write(b"y" * 30_000)
    writer.close()
"""

EXAMPLES = {
    "bulk": BulkSpec(size=50_000),
    "sink": SinkSpec(),
    "request-response": RequestResponseSpec(count=3, think=10 * MILLISECOND),
    "on-off": OnOffSpec(burst=20_000, bursts=3, off=100 * MILLISECOND),
    "dialogue": DialogueSpec(steps=("client: connect", "client: write 100", "server: read 100")),  # type: ignore[arg-type]
    "guest": GuestSpec(
        client_=Program("guest.py", "ask", GUEST),
        server_=Program("guest.py", "answer", GUEST),
    ),
}


# -- what holds for every application ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", APPS)
def test_every_application_is_documented_field_by_field(name: str) -> None:
    import ast
    import inspect
    import textwrap

    [tree] = ast.parse(textwrap.dedent(inspect.getsource(APPS[name]))).body
    assert isinstance(tree, ast.ClassDef)
    assert ast.get_docstring(tree)
    for field, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation):
            assert isinstance(after, ast.Expr), f"{name}.{ast.unparse(field.target)} has no docstring"


HONEST = [name for name in APPS if name != "syn-flood"]


@pytest.mark.parametrize("name", HONEST)
def test_what_is_written_is_read_whatever_the_link_loses(make_world: Any, name: str) -> None:
    world = make_world(loss=Bernoulli(p=0.05))
    client, server = world.play(EXAMPLES[name], rto_min=200 * MILLISECOND)
    ends = [end for end in (client, server) if end is not None]
    assert [end.error for end in ends] == [None] * len(ends)
    assert all(end.done for end in ends)
    if client is not None:
        assert (client.bytes_written, server.bytes_written) == (server.bytes_read, client.bytes_read)
        assert server.bytes_read > 0


@pytest.mark.parametrize("name", [name for name in HONEST if name != "sink"])
def test_a_client_that_is_refused_has_failed(world: Any, name: str) -> None:
    client = EXAMPLES[name].client(world.context(TcpConfig(), Cue(world.clock), client=True))
    client.start(0)
    assert "left" in client.waiting_for
    world.clock.run()
    assert "connection refused" in client.error
    assert client.done and not client.complete


# -- bulk --------------------------------------------------------------------------------------------------------------


def test_bulk_measures_from_its_start_to_the_last_byte_read(world: Any) -> None:
    client, server = world.play(BulkSpec(size=1000), start=SECOND)
    assert client.started_at == server.started_at == SECOND
    assert server.finished_at == SECOND + 30 * MILLISECOND  # a round trip to connect, and half of one
    assert client.complete and server.complete


def test_bulk_writes_through_a_small_buffer(world: Any) -> None:
    _, server = world.play(BulkSpec(size=300_000), send_buffer=3000)
    assert server.bytes_read == 300_000


def test_nothing_at_all_can_be_transferred(world: Any) -> None:
    client, server = world.play(BulkSpec(size=0))
    assert client.complete and server.complete
    assert server.finished_at is None


def test_bulk_may_end_by_time(world: Any) -> None:
    client, server = world.play(BulkSpec(duration=SECOND), receive_buffer=50_000, send_buffer=50_000)
    assert client.complete and server.complete
    assert SECOND < server.finished_at < SECOND + 100 * MILLISECOND
    assert not BulkSpec(duration=SECOND).endless


@pytest.mark.parametrize(
    "spec",
    [BulkSpec(duration=0), OnOffSpec(burst=1000, duration=MILLISECOND), RequestResponseSpec(duration=MILLISECOND)],
)
def test_what_is_over_before_it_is_connected_closes_then(world: Any, spec: Any) -> None:
    client, server = world.play(spec)
    assert client.complete and server.complete
    assert server.bytes_read == 0


def test_bulk_may_go_on_for_ever(world: Any) -> None:
    client, server = world.play(BulkSpec(), until=SECOND, receive_buffer=50_000)
    assert BulkSpec().endless
    assert not client.done and not server.done
    assert client.waiting_for == "left writes to right:5001 (ESTABLISHED)"
    assert server.waiting_for == "right:5001 reads from left (ESTABLISHED)"


def test_stopping_ends_what_has_no_end(world: Any) -> None:
    client, server = world.play(BulkSpec(), until=SECOND, receive_buffer=50_000)
    client.stop(world.clock.now)
    world.clock.run()
    assert client.complete and server.complete
    assert client.bytes_written == server.bytes_read


def test_a_slow_reader_closes_the_window(world: Any) -> None:
    """100 kB at 1 Mbit/s take 0.8 s, however fast the link is."""
    client, server = world.play(BulkSpec(size=100_000, read_rate=1_000_000), receive_buffer=10_000, delayed_ack=0)
    assert 0.8 * SECOND < server.finished_at < 0.9 * SECOND
    assert client.complete


def test_a_reader_may_begin_late(world: Any) -> None:
    _, server = world.play(BulkSpec(size=5000, read_delay=2 * SECOND))
    assert server.finished_at == 2 * SECOND + 30 * MILLISECOND  # accepted after a round trip and a half
    assert server.complete  # though the end of the stream had come before it began


def test_a_size_and_a_duration_are_too_much() -> None:
    with pytest.raises(UnitError, match="not both"):
        BulkSpec(size=1, duration=1)


def test_a_reset_in_the_middle_fails_both_ends(world: Any) -> None:
    client, server = world.play(BulkSpec(), until=SECOND // 10)
    client.sockets[0].abort()
    world.clock.run(SECOND)
    assert server.error == "connection reset by peer"


def test_changed_data_is_noticed() -> None:
    inbox, again = Inbox(), Inbox()
    good = bytes(_pattern(3 * PERIOD))
    for start in range(0, len(good), CHUNK // 3):
        assert inbox.check(good[start : start + CHUNK // 3])
    assert again.check(good[:1000])
    assert not again.check(good[999:1500])


def _pattern(size: int) -> bytes:
    from testbed.traffic.payload import Outbox

    class Taker:
        connection = SimpleNamespace(config=TcpConfig())

        def write(self, data: bytes, whole: bool) -> int:
            taken.extend(data)
            return len(data)

    taken = bytearray()
    Outbox(size).flush(Taker())  # type: ignore[arg-type]
    return bytes(taken)


def test_a_stream_that_ends_early_is_corrupted(world: Any) -> None:
    server = BulkSpec(size=5000).server(world.context(TcpConfig(), client=False))
    client = BulkSpec(size=4000).client(world.context(TcpConfig(), client=True))
    server.start(0)
    client.start(0)
    world.clock.run()
    assert server.error == "corrupted data: 4000 bytes read instead of 5000"


# -- sink --------------------------------------------------------------------------------------------------------------


def test_a_sink_takes_any_number_of_connections(world: Any) -> None:
    client, sink = world.play(SinkSpec())
    assert client is None
    assert sink.done
    assert sink.waiting_for == "right waits for a connection to port 5001"
    for _ in range(3):
        BulkSpec(size=1000).client(world.context(TcpConfig(), client=True)).start(world.clock.now)
    world.clock.run()
    assert (sink.bytes_read, len(sink.sockets)) == (3000, 3)
    assert [socket.label for socket in sink.sockets] == ["a", "a/2", "a/3"]
    assert sink.done


def test_a_sink_is_not_done_while_a_connection_is_open(world: Any) -> None:
    _, sink = world.play(SinkSpec())
    world.left.connect(world.right.address, 5001, Handler(), label="guest")
    world.clock.run(world.clock.now + SECOND)
    assert not sink.done
    assert sink.waiting_for == "right:5001 reads from left (ESTABLISHED)"


# -- request-response --------------------------------------------------------------------------------------------------


def test_requests_over_one_connection(world: Any) -> None:
    client, server = world.play(RequestResponseSpec(request=300, response=1000, count=5))
    assert client.responses == 5
    assert (server.bytes_read, client.bytes_read) == (1500, 5000)
    assert len(client.sockets) == 1
    assert client.finished_at == (20 + 5 * 20) * MILLISECOND


def test_a_connection_for_each_request(world: Any) -> None:
    client, server = world.play(RequestResponseSpec(count=3, connections="per-request"))
    assert [socket.label for socket in client.sockets] == ["a", "a/2", "a/3"]
    assert [socket.label for socket in server.sockets] == ["a", "a/2", "a/3"]
    assert client.complete and server.complete
    assert client.responses == 3


def test_the_client_thinks_between_a_response_and_a_request(world: Any) -> None:
    client, _ = world.play(RequestResponseSpec(response=1000, count=3, think=SECOND))
    assert client.finished_at == 2 * SECOND + 80 * MILLISECOND


def test_thinking_may_be_drawn_and_depends_on_the_seed_only(make_world: Any) -> None:
    spec = RequestResponseSpec(response=1000, count=20, think=SECOND, distribution="exponential")
    times = [make_world(seed).play(spec)[0].finished_at for seed in (1, 1, 2)]
    assert times[0] == times[1] != times[2]
    assert 8 * SECOND < times[0] < 40 * SECOND


def test_asking_may_end_by_time(world: Any) -> None:
    client, server = world.play(RequestResponseSpec(duration=SECOND, think=90 * MILLISECOND))
    assert client.complete and server.done
    assert client.finished_at <= SECOND + 100 * MILLISECOND
    assert client.bytes_read == client.responses * 10_000


def test_a_server_that_goes_away_is_missed(world: Any) -> None:
    spec = RequestResponseSpec(response=10_000_000, count=1)
    client, server = world.play(spec, until=100 * MILLISECOND)
    assert client.waiting_for.startswith("left waits for 9")
    server.sockets[0].abort()
    world.clock.run(SECOND)
    assert client.error == "connection reset by peer"


@pytest.mark.parametrize("keys", [{"request": 0}, {"response": 0}, {"count": 0}])
def test_less_than_one_is_refused(keys: dict[str, int]) -> None:
    with pytest.raises(UnitError, match="must be at least 1"):
        RequestResponseSpec(**keys)  # type: ignore[arg-type]


# -- on-off ------------------------------------------------------------------------------------------------------------


def test_bursts_at_a_rate(world: Any) -> None:
    """1 Mbit/s for half of the time, three times."""
    spec = OnOffSpec(rate=1_000_000, write_size=1000, bursts=3)
    client, server = world.play(spec)
    assert server.bytes_read == 3 * 63 * 1000  # 62.5 writes of 8 ms fit into 500 ms: the last one begins within
    assert 2.5 * SECOND < server.finished_at < 2.6 * SECOND
    assert client.complete


def test_bursts_of_a_size(world: Any) -> None:
    client, server = world.play(OnOffSpec(burst=5000, off=SECOND, bursts=4), nagle=False)
    assert server.bytes_read == 20_000
    assert server.finished_at == 3 * SECOND + 30 * MILLISECOND
    assert client.complete


def test_what_the_network_cannot_carry_runs_into_the_next_burst(make_world: Any) -> None:
    world = make_world(rate=1_000_000)
    client, _ = world.play(OnOffSpec(rate=10_000_000, duration=3 * SECOND), until=2 * SECOND, send_buffer=10_000)
    assert client.backlog > 100_000


def test_on_off_may_end_by_time(world: Any) -> None:
    client, server = world.play(OnOffSpec(rate=1_000_000, duration=SECOND))
    assert client.complete and server.complete


@pytest.mark.parametrize("distribution", ["constant", "exponential", "pareto"])
def test_what_is_drawn_has_its_mean(distribution: str) -> None:
    stream = Random(1)
    draws = [draw(stream, distribution, 1_000_000, 2.5) for _ in range(20_000)]
    assert sum(draws) / len(draws) == pytest.approx(1_000_000, rel=0.05)
    assert min(draws) >= 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "either a rate or a burst"),
        ({"rate": 1, "burst": 1}, "either a rate or a burst"),
        ({"burst": 1, "off": 0}, "off must be"),
        ({"rate": 1, "shape": 1.0}, "shape must be above 1"),
        ({"rate": 0}, "rate must be"),
    ],
)
def test_settings_that_make_no_traffic_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UnitError, match=message):
        OnOffSpec(**keys)
