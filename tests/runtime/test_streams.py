"""Programs that know nothing of the testbed but `open_connection` and `start_server`, under each event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from testbed.runtime.streams import open_connection, start_server

RIGHT = 0x0A000002
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(10_000):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


class Doorman:
    """A server's callback that hands its connections to the test."""

    def __init__(self) -> None:
        self._arrivals: asyncio.Queue[Streams] = asyncio.Queue()

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._arrivals.put_nowait((reader, writer))

    async def next(self) -> Streams:
        return await self._arrivals.get()


async def connect(lan: Any) -> tuple[Streams, Streams]:
    """A connection from left to right: both its ends."""
    doorman = Doorman()
    await start_server(lan.right, doorman, 80)
    client = await open_connection(lan.left, RIGHT, 80)
    return client, await doorman.next()


async def test_what_is_written_comes_back_from_an_echo(lan: Any) -> None:
    text = bytes(range(256)) * 500
    await start_server(lan.right, echo, 80)
    reader, writer = await open_connection(lan.left, RIGHT, 80)

    async def write() -> None:
        for start in range(0, len(text), 7777):
            writer.write(text[start : start + 7777])
            await writer.drain()
        writer.write_eof()

    writing = asyncio.create_task(write())
    assert await reader.read() == text
    await writing
    writer.close()
    await writer.wait_closed()


async def test_lines_of_a_protocol(lan: Any) -> None:
    (reader, writer), (their_reader, their_writer) = await connect(lan)
    writer.write(b"HELO left\r\n")
    assert await their_reader.readline() == b"HELO left\r\n"
    their_writer.writelines([b"250 ", b"right\r\n"])
    assert await reader.readuntil(b"\r\n") == b"250 right\r\n"
    for each in (writer, their_writer):
        each.close()
        await each.wait_closed()


async def test_both_ends_know_their_addresses(lan: Any) -> None:
    (_, writer), (_, their_writer) = await connect(lan)
    assert writer.get_extra_info("peername") == ("10.0.0.2", 80)
    assert writer.get_extra_info("sockname") == their_writer.get_extra_info("peername")
    assert writer.get_extra_info("connection").state == "ESTABLISHED"
    assert writer.get_extra_info("sslcontext") is None
    writer.transport.abort()
    their_writer.close()


async def test_after_write_eof_data_still_comes_the_other_way(lan: Any) -> None:
    (reader, writer), (their_reader, their_writer) = await connect(lan)
    assert writer.can_write_eof()
    writer.write_eof()
    assert await their_reader.read() == b""
    their_writer.write(b"still here")
    their_writer.close()
    assert await reader.read() == b"still here"
    with pytest.raises(RuntimeError, match="after write_eof"):
        writer.write(b"x")
    writer.close()


async def test_a_reader_that_stands_still_closes_the_window_and_pauses_the_writer(lan: Any) -> None:
    (_, writer), (their_reader, their_writer) = await connect(lan)
    text = b"x" * 1_000_000

    async def write() -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    writing = asyncio.create_task(write())
    while not their_writer.get_extra_info("connection").available >= 8000:
        await asyncio.sleep(0.001)
    assert not writing.done()
    assert writer.transport.get_write_buffer_size() > 700_000
    assert not their_writer.transport.is_reading()
    assert await their_reader.read() == text
    await writing
    their_writer.close()


async def test_close_sends_what_was_written_before(lan: Any) -> None:
    (_, writer), (their_reader, their_writer) = await connect(lan)
    writer.write(b"x" * 200_000)
    writer.close()
    assert writer.is_closing()
    writer.write(b"too late")
    assert await their_reader.read() == b"x" * 200_000
    await writer.wait_closed()
    their_writer.close()


async def test_nobody_listens(lan: Any) -> None:
    with pytest.raises(ConnectionRefusedError, match=r"connection refused: 10\.0\.0\.2:80"):
        await open_connection(lan.left, RIGHT, 80)


async def test_a_closed_server_lets_its_connections_live(lan: Any) -> None:
    doorman = Doorman()
    async with await start_server(lan.right, doorman, 80) as server:
        assert server.is_serving()
        reader, writer = await open_connection(lan.left, RIGHT, 80)
        their_reader, their_writer = await doorman.next()
    assert not server.is_serving()
    with pytest.raises(ConnectionRefusedError):
        await open_connection(lan.left, RIGHT, 80)
    their_writer.write(b"alive")
    assert await reader.readexactly(5) == b"alive"
    writer.close()
    assert await their_reader.read() == b""
    their_writer.close()


async def test_an_abort_is_a_reset_at_the_other_end(lan: Any) -> None:
    (_, writer), (their_reader, their_writer) = await connect(lan)
    writer.transport.abort()
    await writer.wait_closed()
    with pytest.raises(ConnectionResetError):
        await their_reader.read()
    with pytest.raises(ConnectionResetError):
        await their_writer.drain()


async def test_giving_up_a_connection_attempt_leaves_nothing_behind(lan: Any) -> None:
    await start_server(lan.right, echo, 80)
    opening = asyncio.create_task(open_connection(lan.left, RIGHT, 80))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert lan.left.sockets == []


async def test_an_error_of_the_servers_program_resets_its_connection_and_is_reported(lan: Any) -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise ValueError("a bug")

    await start_server(lan.right, broken, 80)
    reader, writer = await open_connection(lan.left, RIGHT, 80)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert [str(report["exception"]) for report in reports] == ["a bug"]
    writer.close()


async def test_limits_of_the_write_buffer_can_be_set(lan: Any) -> None:
    (_, writer), (_, their_writer) = await connect(lan)
    writer.transport.set_write_buffer_limits(high=1000)
    assert writer.transport.get_write_buffer_limits() == (250, 1000)
    with pytest.raises(ValueError, match="must not be below"):
        writer.transport.set_write_buffer_limits(high=1, low=2)
    for each in (writer, their_writer):
        each.transport.abort()


async def test_whatever_a_program_asks_for_has_the_clock_catch_up_first(lan: Any) -> None:
    calls: list[str] = []
    lan.clock.catch_up = lambda: calls.append("catch up")

    def caught_up() -> bool:
        told = bool(calls)
        calls.clear()
        return told

    doorman = Doorman()
    server = await start_server(lan.right, doorman, 80)
    assert caught_up()
    _, writer = await open_connection(lan.left, RIGHT, 80)
    assert caught_up()
    _, their_writer = await doorman.next()
    their_writer.transport.pause_reading()
    their_writer.transport.resume_reading()
    await asyncio.sleep(0)
    assert caught_up()
    for act in (lambda: writer.write(b"x"), writer.write_eof, writer.close, server.close, their_writer.transport.abort):
        act()
        assert caught_up()
