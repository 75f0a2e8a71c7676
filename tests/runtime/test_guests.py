"""Programs at the ends of a flow: what they may do, how they end, and what is said when they do not."""

from __future__ import annotations

import asyncio
import logging
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import testbed
from testbed import streams
from testbed.api import Run

EXPERIMENT = """
topology:
  hosts: [left, right, other]
  routers: [r]
  links:
    l1: {ends: [left, r], rate: 20Mbit/s, delay: 5ms}
    l2: {ends: [right, r], rate: 20Mbit/s, delay: 5ms}
    l3: {ends: [other, r], rate: 20Mbit/s, delay: 5ms}
tcp: {msl: 100ms}
traffic:
  - {name: web, app: guest, from: left, to: right, port: 80, client: "guest.py:client", server: "guest.py:server"}
"""

SERVER = """
async def server():
    await streams.start_server(echo)

async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()
"""

HEAD = """
import asyncio
from testbed import streams
"""

Play = Callable[..., Run]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a client's program, `echo` at the other end unless there is another server; `more` ends the experiment."""

    def played(client: str, server: str = SERVER, more: str = "", **options: Any) -> Run:
        text = HEAD + textwrap.dedent(client) + textwrap.dedent(server)
        (tmp_path / "guest.py").write_text(text, encoding="utf-8")
        (tmp_path / "x.yaml").write_text(EXPERIMENT + more, encoding="utf-8")
        return testbed.run(tmp_path / "x.yaml", results=tmp_path / "results", **options).runs[0]

    return played


def line_of(play: Play, tmp_path: Path, words: str) -> int:
    """The line of the program that begins with `words`."""
    lines = (tmp_path / "guest.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(words))


CLIENT = """
async def client():
    reader, writer = await streams.open_connection("right", 80)
    writer.write(b"x" * 50_000)
    writer.write_eof()
    assert len(await reader.read()) == 50_000
    writer.close()
    await writer.wait_closed()
"""


# -- what they may do --------------------------------------------------------------------------------------------------


def test_both_ends_talk_and_everything_is_counted_and_traced(play: Play) -> None:
    run = play(CLIENT)
    flow = run["flows"]["web"]
    assert (run["status"], flow["complete"], flow["error"]) == ("complete", True, None)
    assert flow["client"]["bytes_read"] == flow["server"]["bytes_read"] == 50_000
    assert flow["server"]["states"][:3] == ["CLOSED", "LISTEN", "SYN-RECEIVED"]
    assert set(run.trace("state")["connection"]) == {"web"}


def test_the_same_seed_gives_the_same_trace_and_chance_follows_the_seed(play: Play) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        think = streams.chance("think")
        for _ in range(5):
            await asyncio.sleep(think.expovariate(10))
            writer.write(b"x" * 100)
        writer.close()
    """
    first = play(client)
    assert play(client)["trace_sha256"] == first["trace_sha256"]
    assert play(client, seed=2)["trace_sha256"] != first["trace_sha256"]


def test_what_asyncio_has_besides_streams_works_in_the_time_of_the_experiment(play: Play) -> None:
    client = """
    async def one(number):
        reader, writer = await streams.open_connection("10.0.0.2")
        writer.write(b"%d" % number)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return int(answer)

    async def ticks():
        for tick in range(3):
            yield tick
            await asyncio.sleep(3600)

    async def client():
        assert await asyncio.gather(*(one(number) for number in range(5))) == [0, 1, 2, 3, 4]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(number)) for number in range(3)]
        assert [task.result() for task in tasks] == [0, 1, 2]
        try:
            async with asyncio.timeout(0.01):
                await one(7)
        except TimeoutError:
            pass
        async for tick in ticks():
            if tick == 1:
                break
        assert 3600 < asyncio.get_running_loop().time() < 3601
    """
    run = play(client)
    assert (run["flows"]["web"]["error"], run["flows"]["web"]["complete"]) == (None, True)
    assert run["flows"]["web"]["connections"] == 9


def test_a_program_finds_hosts_that_are_in_no_flow_and_a_server_may_connect_too(play: Play) -> None:
    server = """
    async def server():
        await streams.start_server(proxy)

    async def proxy(reader, writer):
        theirs, ours = await streams.open_connection("other", 7)
        ours.write(await reader.read(100))
        writer.write(await theirs.read(100))
        ours.close()
        writer.close()

    async def far():
        await streams.start_server(shout, port=7)

    async def shout(reader, writer):
        writer.write((await reader.read(100)).upper())
        writer.close()
    """
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        writer.write(b"hello")
        assert await reader.read() == b"HELLO"
        writer.close()
    """
    more = "  - {name: deep, app: guest, from: left, to: other, server: 'guest.py:far'}"
    run = play(client, server, more)
    assert [flow["error"] for flow in run["flows"].values()] == [None, None]
    assert set(run.trace("state")["connection"]) == {"web", "web/out", "deep"}
    assert run["status"] == "complete"


def test_arguments_come_from_the_file(play: Play) -> None:
    client = """
    async def client(size, *, text="x", often=1):
        reader, writer = await streams.open_connection()
        for _ in range(often):
            writer.write(text.encode() * size)
        writer.close()
    """
    run = play(client, set={"traffic.web.client_arguments": {"size": 100, "text": "ab", "often": 3}})
    assert run["flows"]["web"]["server"]["bytes_read"] == 600


def test_what_a_guest_prints_goes_beside_the_output_with_its_name(play: Play, capsys: Any) -> None:
    client = """
    import dataclasses

    @dataclasses.dataclass
    class Greeting:
        text: "str"

    async def client():
        print("hello", Greeting("x").text, sep=", ")
    """
    server = "async def server(): print('hi')"
    play(client, server)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sorted(captured.err.splitlines()) == ["web.client: hello, x", "web.server: hi"]


async def test_a_run_may_be_started_from_within_another_loop(play: Play) -> None:
    assert play(CLIENT)["flows"]["web"]["complete"]
    await asyncio.sleep(1)  # and this loop, and its task, are the current ones again


async def test_streams_are_for_guests() -> None:
    with pytest.raises(RuntimeError, match="for guests"):
        await streams.open_connection("right", 80)


# -- as asyncio has it -------------------------------------------------------------------------------------------------

ERRORS = {
    "open_connection('nowhere')": "gaierror: [Errno -2] there is no host 'nowhere' (there are: left, right, other, r)",
    "open_connection('other', 9)": "ConnectionRefusedError: connection refused: 10.0.0.3:9",
    "open_connection('left')": "OSError: [Errno 101] no way leads from left to 10.0.0.1",
    "open_connection('right', 0)": "OverflowError: a port lies between 1 and 65535, not 0",
    "start_server(print, 'right')": "OSError: [Errno 99] 'right' is not left",
}


@pytest.mark.parametrize("call", ERRORS)
def test_what_cannot_be_raises_what_asyncio_raises(play: Play, call: str) -> None:
    error = play(f"async def client(): await streams.{call}")["flows"]["web"]["error"]
    assert error == f"guest.py:4 in client: {ERRORS[call]}"


def test_a_port_in_use_is_an_os_error_and_a_server_tells_its_name(play: Play) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        writer.close()
    """
    server = """
    async def server():
        async with await streams.start_server(echo, "0.0.0.0") as server:
            assert [one.getsockname() for one in server.sockets] == [("10.0.0.2", 80)]
            try:
                await streams.start_server(echo, "right", 80)
            except OSError as error:
                assert "port 80 is already listened on" in str(error)
            else:
                raise AssertionError
            second = await streams.start_server(echo, port=81)
            second.close()
            assert second.sockets == ()
            await server.serve_forever()

    async def echo(reader, writer):
        await reader.read()
        writer.close()
    """
    run = play(client, server)
    assert (run["status"], run["flows"]["web"]["error"]) == ("complete", None)
    assert run["flows"]["web"]["complete"]


# -- how they end ------------------------------------------------------------------------------------------------------


def test_a_client_that_returns_closes_what_it_left_open_and_leaves_no_task(play: Play) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        writer.write(b"x" * 30_000)
        asyncio.create_task(chatter(writer))

    async def chatter(writer):
        while True:
            await asyncio.sleep(0.001)
            writer.write(b"more")
    """
    server = """
    async def server():
        await streams.start_server(listen)

    async def listen(reader, writer):
        while await reader.read(1000):
            pass
        writer.close()
    """
    flow = play(client, server)["flows"]["web"]
    assert flow["complete"]
    assert 30_000 <= flow["server"]["bytes_read"] < 30_100


def test_an_error_is_the_flows_with_its_line_and_resets_the_connection(play: Play, tmp_path: Path) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        await asyncio.gather(check(reader))

    async def check(reader):
        raise ValueError("this is a bug")
    """
    flow = play(client)["flows"]["web"]
    line = line_of(play, tmp_path, "raise")
    assert not flow["complete"]
    ours, theirs = flow["error"].split("; ")
    assert ours == f"guest.py:{line} in check: ValueError: this is a bug"
    assert "in echo: ConnectionResetError: connection reset" in theirs


def test_an_error_in_serving_is_the_flows_too_and_the_server_goes_on(play: Play, tmp_path: Path) -> None:
    client = """
    async def client():
        for word in (b"bad", b"good"):
            reader, writer = await streams.open_connection()
            writer.write(word)
            try:
                assert await reader.read() == b"thanks"
            except ConnectionResetError:
                assert word == b"bad"
            writer.close()
    """
    server = """
    async def server():
        await streams.start_server(visitor)

    async def visitor(reader, writer):
        async with asyncio.TaskGroup() as group:
            group.create_task(check(reader))
        writer.write(b"thanks")
        writer.close()

    async def check(reader):
        if await reader.read(10) == b"bad":
            raise KeyError("bad")
    """
    flow = play(client, server)["flows"]["web"]
    assert flow["error"] == f"guest.py:{line_of(play, tmp_path, 'raise')} in check: KeyError: 'bad'"
    assert flow["connections"] == 2


def test_a_server_s_function_that_is_none_is_an_error_too(play: Play) -> None:
    client = """
    async def client():
        for port in (80, 81):
            reader, writer = await streams.open_connection("right", port)
            try:
                await reader.read()
            except ConnectionResetError:
                pass
            writer.close()
    """
    server = """
    async def server():
        await streams.start_server(lacking)
        await streams.start_server(lambda reader, writer: 1 / 0, port=81)

    async def lacking(reader): ...
    """
    error = play(client, server)["flows"]["web"]["error"]
    assert error == "guest.py: TypeError: lacking() takes 1 positional argument but 2 were given"


def test_who_clings_to_life_is_left_behind(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    client = """
    async def client():
        while True:
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                pass
    """
    with caplog.at_level(logging.INFO):
        assert play(client, more="duration: 1s")["status"] == "complete"
    assert caplog.records == []


@pytest.mark.parametrize(
    ("leave", "error"),
    [
        ("import sys; sys.exit(0)", None),
        ("import sys; sys.exit(3)", "guest.py:4 in client: ProgramExit: exit status 3"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name' (install"),
        ("asyncio.current_task().cancel(); await asyncio.sleep(1)", "guest.py:client was cancelled"),
        ("await asyncio.to_thread(print)", "run_in_executor: a thread cannot be waited for in virtual time"),
    ],
)
def test_other_ways_to_leave(play: Play, leave: str, error: str | None) -> None:
    run = play(f"async def client(): {leave}")
    if error is None:
        assert run["flows"]["web"]["error"] is None
    else:
        assert error in run["flows"]["web"]["error"]


def test_a_module_that_cannot_be_loaded_is_an_error_with_its_line(play: Play, tmp_path: Path) -> None:
    error = play("half = 1 / 0\nasync def client(): pass")["flows"]["web"]["error"]
    assert error == f"guest.py:{line_of(play, tmp_path, 'half')}: ZeroDivisionError: division by zero"


def test_a_stall_names_the_line_at_which_each_waits(play: Play, tmp_path: Path) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        await answer(reader)

    async def answer(reader):
        return await reader.readline()
    """
    run = play(client)
    assert run["status"] == "stalled"
    reading, echoing = (line_of(play, tmp_path, words) for words in ("return await", "while data"))
    assert run["stalled"] == [
        f"web: left reads from 10.0.0.2:80 (ESTABLISHED), at guest.py:{reading} in answer",
        f"web: right reads from 10.0.0.1:49152 (ESTABLISHED), at guest.py:{echoing} in echo",
    ]


def test_a_stall_of_anything_else_names_the_line_too(play: Play) -> None:
    run = play("async def client(): await asyncio.Event().wait()")
    assert run["stalled"] == [
        "web: left waits in Event.wait, at guest.py:4 in client",
        "web: right waits for a connection to port 80",
    ]


def test_at_the_end_of_the_run_programs_are_ended_and_the_network_hears_nothing_of_it(
    play: Play, capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        try:
            while True:
                writer.write(b"x" * 1000)
                await asyncio.sleep(0.1)
        finally:
            print("tidied up")
            writer.write(b"never sent")
            writer.close()
            await asyncio.sleep(0)
            try:
                await streams.open_connection()
            except RuntimeError as error:
                print(error)
    """
    with caplog.at_level(logging.INFO):
        run = play(client, more="duration: 1s")
    assert capsys.readouterr().err.splitlines() == ["web.client: tidied up", "web.client: the run is over"]
    assert run["status"] == "complete"
    assert run["flows"]["web"]["client"]["states"] == ["CLOSED", "SYN-SENT", "ESTABLISHED"]
    assert caplog.records == []


# -- by the wall -------------------------------------------------------------------------------------------------------


def test_in_real_time_a_program_may_wait_for_the_machine_too(play: Play) -> None:
    client = """
    import time

    async def client():
        reader, writer = await streams.open_connection("right", 80)
        for _ in range(3):
            writer.write(await asyncio.to_thread(compute))
            await asyncio.sleep(0.6)  # longer than it takes to see that nobody else does anything
        writer.write_eof()
        assert len(await reader.read()) == 60_000
        writer.close()

    def compute():
        time.sleep(0.01)
        return b"x" * 20_000
    """
    run = play(client, clock="real", allow_late=True)
    flow = run["flows"]["web"]
    assert (run["status"], flow["error"], flow["complete"]) == ("complete", None, True)
    assert flow["completion_time"] > 1.2
    assert flow["client"]["states"][-1] == flow["server"]["states"][-1] == "CLOSED"


def test_in_real_time_an_error_and_a_stall_have_their_lines_as_well(play: Play, tmp_path: Path) -> None:
    client = """
    async def client():
        reader, writer = await streams.open_connection()
        other, _ = await streams.open_connection()
        await asyncio.sleep(0.1)
        writer.write(b"x")
        await other.read()
    """
    server = """
    async def server():
        await streams.start_server(visitor)

    async def visitor(reader, writer):
        await reader.read(1)
        await asyncio.sleep(0.1)
        raise ValueError("a bug")
    """
    run = play(client, server, clock="real", allow_late=True)
    waits, raises = (line_of(play, tmp_path, words) for words in ("await other.read()", "raise"))
    assert run["status"] == "stalled"
    assert run["stalled"] == [f"web: left reads from 10.0.0.2:80 (ESTABLISHED), at guest.py:{waits} in client"]
    assert run["flows"]["web"]["error"] == f"guest.py:{raises} in visitor: ValueError: a bug"


def test_the_example_of_the_manual(tmp_path: Path, capsys: Any) -> None:
    page = (Path(testbed.__file__).parents[1] / "docs" / "guests.md").read_text(encoding="utf-8")
    for language, name in (("python", "echo.py"), ("yaml", "echo.yaml")):
        (tmp_path / name).write_text(page.partition(f"```{language}\n")[2].partition("```")[0], encoding="utf-8")
    assert testbed.run(tmp_path / "echo.yaml", results=None).ok
    assert capsys.readouterr().err.splitlines() == ["echo.client: b'hello'"] * 3
