"""The control channel: what is said arrives, from the right one; everything else is an error that says what it is."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from testbed.control.channel import Channel, ChannelClosed, ChannelError, Hello, end, frames, handshake
from testbed.control.join import Door

ComeIn = Callable[..., Awaitable[Channel]]


def frame(message: object, kind: int = frames.MESSAGE) -> bytes:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("!IB", len(payload), kind) + payload


async def answer_to(door: Door, *said: bytes, then_close: bool = False) -> list[dict[str, object]]:
    """What the controller says to somebody who speaks bytes, until it hangs up."""
    reader, writer = await asyncio.open_connection(*door.address)
    writer.write(b"".join(said))
    if then_close:
        writer.write_eof()
    heard = b""
    with suppress(ConnectionError):  # what it did not care to read makes a reset of its hanging up
        heard = await reader.read()
    writer.close()
    messages = []
    while heard:
        (length,) = struct.unpack("!I", heard[:4])
        messages.append(json.loads(heard[5 : 5 + length]))
        heard = heard[5 + length :]
    return messages


# -- what is said -----------------------------------------------------------------------------------------------------


async def test_messages_arrive_in_order_both_ways(line: Any) -> None:
    line.agent.post("report", now=1)
    await line.agent.send("report", now=2)
    await line.controller.send("stop", why="größer als früher")
    assert [await line.controller.receive() for _ in range(2)] == [
        {"kind": "report", "now": 1},
        {"kind": "report", "now": 2},
    ]
    assert await line.agent.receive() == {"kind": "stop", "why": "größer als früher"}


async def test_a_controller_learns_who_came(line: Any) -> None:
    assert line.hello == Hello.of("lab2")
    assert line.controller.peer == "agent lab2"
    assert (line.controller.remote, line.agent.local) == ("127.0.0.1", "127.0.0.1")


async def test_a_message_may_be_large(line: Any) -> None:
    spec = ["0123456789" * 100] * 5000
    sending = asyncio.create_task(line.controller.send("prepare", spec=spec))
    assert (await line.agent.receive())["spec"] == spec
    await sending


async def test_waiting_for_a_message_may_be_cancelled_anywhere(line: Any) -> None:
    spec = "x" * 3_000_000
    sending = asyncio.create_task(line.controller.send("prepare", spec=spec))
    message = None
    while message is None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                message = await line.agent.receive()
        await asyncio.sleep(0)
    assert message["spec"] == spec
    await sending


async def test_bytes_and_messages_do_not_disturb_each_other(line: Any) -> None:
    line.agent.post("report", now=1)
    await line.agent.send_chunk(b"first")
    line.agent.post("report", now=2)
    await line.agent.send_chunk(b"second")
    assert [await line.controller.receive_chunk() for _ in range(2)] == [b"first", b"second"]
    assert [(await line.controller.receive())["now"] for _ in range(2)] == [1, 2]


async def test_who_hangs_up_is_noticed(line: Any) -> None:
    await line.agent.close()
    with pytest.raises(ChannelClosed, match="agent lab2"):
        await line.controller.receive()


async def test_a_ping_into_nowhere_ends_with_the_channel(line: Any) -> None:
    asking = asyncio.create_task(line.controller.ping())
    reading = asyncio.create_task(line.controller.receive())
    await asyncio.sleep(0)
    await line.agent.close()
    for waiting in (asking, reading):
        with pytest.raises(ChannelClosed):
            await waiting


async def test_after_the_end_posting_is_harmless_and_sending_tells(line: Any) -> None:
    await line.agent.close()
    line.agent.post("report")
    with pytest.raises(ChannelClosed, match="the controller"):
        await line.agent.send("report")


# -- who may speak ----------------------------------------------------------------------------------------------------


async def test_who_has_another_secret_is_turned_away_and_told(door: Door, come_in: ComeIn) -> None:
    with pytest.raises(ChannelError, match="lab2 was turned away: its secret is not ours"):
        await come_in(secret=b"something else entirely")
    assert door.turned_away == ["127.0.0.1: agent lab2 was turned away: its secret is not ours"]


async def test_a_controller_that_does_not_know_the_secret_is_found_out(secret: bytes) -> None:
    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame({"kind": "challenge", "nonce": "0"}) + frame({"kind": "welcome", "proof": "0" * 64}))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(pretend, "127.0.0.1", 0)
    with pytest.raises(ChannelError, match="the controller is not who it should be"):
        await Channel.connect(*server.sockets[0].getsockname(), secret, Hello.of("lab2"))
    server.close()


async def test_who_overheard_everything_knows_nothing(line: Any, door: Door, secret: bytes) -> None:
    """What was said cannot be said again, for the controller's nonce is another one."""
    assert secret not in line.between.heard
    door.expect(["lab2"])
    assert [message["kind"] for message in await answer_to(door, bytes(line.between.heard))] == ["challenge", "refused"]


@pytest.mark.parametrize(
    ("place", "complaint"), [(6, "changed"), (-1, "changed"), (0, "a frame of")], ids=["payload", "seal", "length"]
)
async def test_a_frame_that_was_changed_ends_the_channel(line: Any, place: int, complaint: str) -> None:
    def flip(said: bytes) -> bytes:
        changed = bytearray(said)
        changed[place] ^= 0x40
        return bytes(changed)

    line.between.change = flip
    line.agent.post("report", now=1)
    with pytest.raises(ChannelError, match=complaint):
        await line.controller.receive()


async def test_a_frame_that_is_said_again_ends_the_channel(line: Any) -> None:
    line.between.change = lambda said: said * 2
    line.agent.post("report", now=1)
    assert (await line.controller.receive())["now"] == 1
    with pytest.raises(ChannelError, match="changed"):
        await line.controller.receive()


# -- what cannot be understood ----------------------------------------------------------------------------------------


async def test_another_protocol_is_refused_by_its_number(door: Door) -> None:
    hello = {"kind": "hello", "protocol": 99, "name": "lab2"}
    (refusal,) = await answer_to(door, frame(hello))
    assert refusal["kind"] == "refused"
    assert "protocol 99, and we speak 1" in str(refusal["reason"])


GARBAGE = {
    "http": (b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", "not a testbed's control channel: a frame of kind 47"),
    "zeros": (bytes(100), "not a testbed's control channel: a frame of kind 0"),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not a testbed's control channel"),
    "too large": (struct.pack("!IB", 4097, frames.MESSAGE), "a frame of 4097 bytes, at most 4096"),
    "not json": (frame(b"{"), "not JSON"),
    "deep": (frame(b"[" * 4000), "not JSON"),
    "not text": (frame(b"\xff\xfe"), "not JSON"),
    "a list": (frame([1, 2]), "without a kind"),
    "no kind": (frame({"kind": 7}), "without a kind"),
    "too early": (frame({"kind": "answer", "proof": "00"}), "'answer' where 'hello' was due"),
    "no name": (frame({"kind": "hello", "protocol": 1, "name": ["lab2"]}), "does not say who it is"),
    "nothing": (b"", "closed"),
    "half": (frame({"kind": "hello"})[:9], "closed in the middle of a frame"),
}


@pytest.mark.parametrize(("said", "complaint"), GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_an_error_that_says_what_it_is(door: Door, said: bytes, complaint: str) -> None:
    await answer_to(door, said, then_close=True)
    assert len(door.turned_away) == 1
    assert complaint in door.turned_away[0]


async def test_who_connects_and_says_nothing_is_sent_away(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end, "GREETING_TIME", 0.05)
    assert await answer_to(door) == []
    assert "said nothing for 0.05 s" in door.turned_away[0]


async def test_a_controller_that_says_nothing_is_left(secret: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end, "GREETING_TIME", 0.05)

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    with pytest.raises(ChannelError, match=f"{host}:{port} said nothing"):
        await Channel.connect(host, port, secret, Hello.of("lab2"))
    server.close()


async def test_another_release_is_refused(come_in: ComeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["1.0", "2.0"])
    monkeypatch.setattr(handshake, "_version", lambda: next(versions))
    with pytest.raises(ChannelError, match=r"lab2 has testbed 1\.0, and the controller 2\.0"):
        await come_in()


async def test_bytes_that_nobody_asked_for_are_an_error(line: Any) -> None:
    await line.agent.send_chunk(b"surprise")
    with pytest.raises(ChannelError, match="nobody asked for"):
        await line.controller.receive()


async def test_a_chunk_that_is_too_large_is_not_sent(line: Any) -> None:
    with pytest.raises(ChannelError, match="at most 262144"):
        await line.agent.send_chunk(bytes(262_145))
