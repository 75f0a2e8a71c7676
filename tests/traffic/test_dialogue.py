"""Both ends act step by step. Each lesson's script is played here, and the states that it is for are seen."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import RunError, UnitError
from testbed.tcp.config import TcpConfig
from testbed.traffic.dialogue.spec import DialogueSpec

HANDSHAKE = ("client: connect", "server: accept")


def dialogue(*steps: Any, **keys: Any) -> DialogueSpec:
    return DialogueSpec(steps=steps, **keys)


def states(end: Any) -> list[str]:
    return [socket.state for socket in end.sockets]


def played(world: Any, *steps: Any, until: int = 100 * SECOND, listen: bool = True, **tcp: Any) -> tuple[Any, Any]:
    """Plays a script that must come to its end without an error."""
    client, server = world.play(dialogue(*steps, listen=listen), until=until, **tcp)
    assert (client.error, server.error) == (None, None)
    assert (client.complete, server.complete) == (True, True)
    return client, server


def test_a_handshake_and_no_more(world: Any) -> None:
    client, server = played(world, *HANDSHAKE)
    assert states(client) == states(server) == ["ESTABLISHED"]


def test_data_is_read_only_when_a_step_says_so(world: Any) -> None:
    client, server = played(world, "client: connect", "client: write 1000", "server: wait 1s", "server: read 400")
    assert (client.bytes_written, server.bytes_read) == (1000, 400)
    assert server.sockets[0].available == 600
    assert server.finished_at == SECOND + 20 * MILLISECOND


def test_keep_reading_takes_what_comes_and_read_counts_it(world: Any) -> None:
    _, server = played(
        world, "server: keep reading", "client: connect", "client: write 1000 x 3", "server: read 2000",
        "server: stop reading", "client: write 500", "server: wait 1s", "server: read 1000",
    )  # fmt: skip
    assert server.bytes_read == 3000
    assert server.sockets[0].available == 500


def test_each_write_is_one_write(world: Any) -> None:
    client, _ = played(
        world, "client: connect", "server: keep reading", "client: write 100 x 20 every 5ms", "server: read 2000",
        nagle=False, tail_loss_probe=False,
    )  # fmt: skip
    assert client.sockets[0].stats.data_segments_sent == 20


def test_nagle_gathers_small_writes(world: Any) -> None:
    client, _ = played(
        world, "client: connect", "server: keep reading", "client: write 100 x 20 every 5ms", "server: read 2000"
    )
    assert client.sockets[0].stats.data_segments_sent < 8


def test_the_client_calls_from_the_port_that_the_script_names(world: Any) -> None:
    steps = ("client: connect", "client: abort", "client: wait 50ms", "client: connect", "server: accept")
    client, _ = world.play(dialogue(*steps, client_port=40_000), until=SECOND)
    assert [socket.local[1] for socket in client.sockets] == [40_000, 40_000]
    with pytest.raises(UnitError, match="client_port"):
        dialogue("client: connect", client_port=65_536)


def test_four_segments_close_a_connection_whose_server_waits(world: Any) -> None:
    client, _ = played(
        world, *HANDSHAKE, "client: close", "server: read eof", "server: wait 50ms", "server: close", "client: read eof"
    )
    assert client.sockets[0].stats.segments_received == 3  # SYN-ACK, ACK of FIN, FIN


def test_three_segments_close_a_connection_whose_server_answers_at_once(world: Any) -> None:
    client, _ = played(world, *HANDSHAKE, "client: close", "server: read eof", "server: close", "client: read eof")
    assert client.sockets[0].stats.segments_received == 2  # SYN-ACK, and FIN with the ACK of ours


def test_half_close_lets_data_flow_the_other_way(world: Any) -> None:
    client, server = played(
        world, *HANDSHAKE, "client: write 1000", "client: close", "server: read eof", "server: write 20kB",
        "client: read 20kB", "server: close", "client: read eof",
    )  # fmt: skip
    assert (server.bytes_read, client.bytes_read) == (1000, 20_000)
    assert states(client) == states(server) == ["CLOSED"]


def test_simultaneous_open(world: Any) -> None:
    client, server = played(world, "both: connect")
    assert states(client) == states(server) == ["ESTABLISHED"]
    assert client.sockets[0].local[1] == client.sockets[0].remote[1] == 5001
    assert client.sockets[0].remote == server.sockets[0].local


def test_simultaneous_close_happens_at_one_instant(world: Any) -> None:
    client, server = world.play(dialogue(*HANDSHAKE, "both: close"), until=45 * MILLISECOND, msl=SECOND)
    assert states(client) == states(server) == ["CLOSING"]


def test_a_window_that_closes_and_opens_again(world: Any) -> None:
    client, server = played(
        world, "client: connect", "client: write 20kB", "server: wait 3s", "server: read 20kB", receive_buffer=8000
    )
    assert server.bytes_read == 20_000
    assert client.sockets[0].stats.window_probes_sent > 0


def test_urgent_data_is_announced_before_it_is_read(world: Any) -> None:
    _, server = played(
        world, *HANDSHAKE, "client: write 1000", "client: write 1 urgent", "server: expect urgent", "server: read 1001"
    )
    assert not server.sockets[0].urgent


def test_a_port_where_nobody_listens(world: Any) -> None:
    client, server = played(world, "client: connect", "client: expect refused", listen=False)
    assert (states(client), states(server)) == (["CLOSED"], [])


def test_a_connection_attempt_that_gives_up_before_it_is_answered(world: Any) -> None:
    client, server = played(world, "client: connect", {"at": "15ms", "client": "abort"})
    assert (states(client), states(server)) == (["CLOSED"], [])
    assert world.right.sockets == []


def test_closing_with_unread_data_is_a_reset(world: Any) -> None:
    played(world, *HANDSHAKE, "client: write 1000", "server: wait 100ms", "server: release", "client: expect reset")


def test_data_for_a_connection_that_its_application_has_left_is_a_reset(world: Any) -> None:
    played(world, *HANDSHAKE, "server: release", "client: read eof", "client: write 1000", "client: expect reset")


def test_an_abort_is_seen_by_the_other_end(world: Any) -> None:
    played(world, *HANDSHAKE, "client: abort", "server: expect reset")


def test_a_peer_that_does_not_answer(make_world: Any) -> None:
    from testbed.link.loss.bernoulli import Bernoulli

    world = make_world(loss=Bernoulli(p=1.0))
    played(world, "client: connect", "client: expect timeout", syn_retries=2)


def test_a_second_connection_begins_anew(world: Any) -> None:
    once = (*HANDSHAKE, "client: write 10", "client: close", "server: read eof", "server: close",
            "client: read eof", "client: expect closed")  # fmt: skip
    client, server = played(world, *once, *once)
    assert [socket.label for socket in client.sockets] == ["a", "a/2"]
    assert server.bytes_read == 20


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_step_waits_for_its_time(world: Any) -> None:
    client, _ = played(world, *HANDSHAKE, {"at": "2s", "client": "write 10"}, "server: read 10")
    assert client.bytes_written == 10
    assert world.clock.now >= 2 * SECOND


def test_a_step_with_a_time_does_not_wait_for_the_one_before(world: Any) -> None:
    """Nobody writes, and yet the reader's turn passes. Both ends know: each has the script and the time."""
    client, server = played(world, *HANDSHAKE, "server: read 10", {"at": "1s", "client": "close"}, "server: read eof")
    assert server.bytes_read == 0
    assert client.position == server.position == 5


def test_a_write_that_is_overtaken_is_given_up(world: Any) -> None:
    client, server = played(
        world, *HANDSHAKE, "client: write 50kB", {"at": "1s", "client": "close"}, "server: read eof",
        send_buffer=5000, receive_buffer=5000,
    )  # fmt: skip
    assert 5000 < client.bytes_written == server.bytes_read < 50_000


# -- errors ------------------------------------------------------------------------------------------------------------


def test_a_failure_that_nothing_expects_ends_both_ends(world: Any) -> None:
    client, server = world.play(dialogue(*HANDSHAKE, "client: abort", "server: read 1000"))
    assert server.error == "connection reset by peer, at step 4, 'server: read 1000'"
    assert client.error == "the other end has failed"
    assert client.done and server.done


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (("client: close", "server: read 10"), "the other end has closed, at step 4, 'server: read 10'"),
        (
            ("client: write 5", "client: close", "server: read 10"),
            "the other end has closed, at step 5, 'server: read 10'",
        ),
        (("server: abort", "server: write 10"), "the connection is over, at step 4, 'server: write 10'"),
    ],
)
def test_what_can_never_be_done_is_an_error(world: Any, steps: tuple[str, ...], error: str) -> None:
    client, server = world.play(dialogue(*HANDSHAKE, *steps))
    assert server.error == error
    assert client.done


def test_a_failure_after_the_last_step_of_an_end_is_none(world: Any) -> None:
    played(world, *HANDSHAKE, "client: abort")


def test_an_end_that_waits_names_the_step(world: Any) -> None:
    client, server = world.play(dialogue(*HANDSHAKE, "server: read 1000"), until=SECOND)
    assert not client.done and not server.done
    assert server.waiting_for == "right waits for step 3, 'server: read 1000' (ESTABLISHED)"
    assert client.waiting_for == "left waits for step 3, 'server: read 1000' (ESTABLISHED)"


def test_ends_without_a_cue_are_refused(world: Any) -> None:
    with pytest.raises(RunError, match="needs a cue"):
        dialogue(*HANDSHAKE).client(world.context(TcpConfig(), client=True))
