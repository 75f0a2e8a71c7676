"""How agents come in: those that are expected, each once, and where two of them meet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from testbed.control import join as joining
from testbed.control.channel import Channel, ChannelClosed, ChannelError, Hello
from testbed.control.channel.offset import Offset, measure
from testbed.control.channel.transfer import receive_folder, send_folder
from testbed.control.join import Door, Guest, join, meeting, read_address
from testbed.errors import ConfigError

ComeIn = Callable[..., Awaitable[Channel]]


# -- the door ---------------------------------------------------------------------------------------------------------


async def test_those_who_are_expected_come_in_under_their_names(door: Door, come_in: ComeIn) -> None:
    channels = [await come_in(name) for name in ("lab3", "lab2")]
    guests = [await door.enter() for _ in channels]
    assert {guest.hello.name for guest in guests} == {"lab2", "lab3"}
    assert door.missing == []
    await asyncio.gather(*(channel.close() for channel in [*channels, *(guest.channel for guest in guests)]))


async def test_who_is_not_expected_hears_who_is(door: Door, come_in: ComeIn) -> None:
    with pytest.raises(ChannelError, match="nobody waits for it; the experiment names lab2, lab3"):
        await come_in("lab4")
    assert door.missing == ["lab2", "lab3"]


async def test_a_name_is_taken_once(line: Any, door: Door, come_in: ComeIn) -> None:
    with pytest.raises(ChannelError, match="another agent of that name has joined"):
        await come_in("lab2")
    door.expect(["lab2"])  # the first one was lost
    again, guest = await asyncio.gather(come_in("lab2"), door.enter())
    await asyncio.gather(again.close(), guest.channel.close())


async def test_a_forwarded_port_is_noticed(door: Door, secret: bytes) -> None:
    """Its datagrams would not come: it is on another computer, and yet comes from the loopback."""
    elsewhere = Hello(name="lab2", pid=1, host="lab2", boot="another start of another kernel", version="")
    with pytest.raises(ChannelError, match="came through a forwarded port"):
        await Channel.connect(*door.address, secret, elsewhere)


async def test_a_closed_door_lets_nobody_in(secret: bytes) -> None:
    door = await Door.open("127.0.0.1", 0, secret)
    door.expect(["lab2"])
    address = door.address
    late = await Channel.connect(*address, secret, Hello.of("lab2"))
    await door.close()
    with pytest.raises(ChannelClosed):
        await late.receive()
    await late.close()
    with pytest.raises(OSError, match=r"refused|111|Connect call failed"):
        await Channel.connect(*address, secret, Hello.of("lab2"))


async def test_an_address_that_cannot_be_listened_at_is_a_wrong_input(door: Door, secret: bytes) -> None:
    _, port = door.address
    with pytest.raises(ConfigError, match=f"--listen: cannot listen at 127.0.0.1:{port}"):
        await Door.open("127.0.0.1", port, secret)


# -- the way to it ----------------------------------------------------------------------------------------------------


async def test_an_agent_waits_for_its_controller(door: Door, secret: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "TRY_EVERY", 0.01)
    host, port = door.address
    await door.close()
    told = asyncio.Event()
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        told.set()

    joined = asyncio.create_task(join((host, port), secret, "lab2", patience=60, tell=tell))
    await told.wait()
    later = await Door.open(host, port, secret)
    later.expect(["lab2"])
    channel, guest = await asyncio.gather(joined, later.enter())
    assert said == [f"waiting for a controller at {host}:{port}"]
    await asyncio.gather(channel.close(), guest.channel.close(), later.close())


async def test_an_agent_does_not_wait_for_ever(door: Door, secret: bytes) -> None:
    host, port = door.address
    await door.close()
    with pytest.raises(ChannelError, match=f"no controller at {host}:{port}"):
        await join((host, port), secret, "lab2")


async def test_an_agent_that_is_refused_does_not_try_again(door: Door) -> None:
    with pytest.raises(ChannelError, match="its secret is not ours"):
        await join(door.address, b"something else entirely", "lab2", patience=60)


async def test_a_computer_without_an_address_of_ours_is_a_wrong_input(secret: bytes) -> None:
    with pytest.raises(ConfigError, match="'::1' has no IPv4 address"):
        await join(("::1", 7000), secret, "lab2", patience=60)


def test_an_address_is_a_host_and_a_port() -> None:
    assert read_address("lab1:7000", "--join") == ("lab1", 7000)
    assert read_address("7000", "--listen", "0.0.0.0") == ("0.0.0.0", 7000)


@pytest.mark.parametrize("text", ["", "lab1", "lab1:", ":7000", "lab1:http", "lab1:70000", "lab1:-1"])
def test_anything_else_is_a_wrong_input(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--join: .* is no address \(write HOST:PORT"):
        read_address(text, "--join")


# -- where two meet ---------------------------------------------------------------------------------------------------


class FarChannel(NamedTuple):
    """What the controller knows of a connection."""

    remote: str
    local: str


def guest(remote: str, local: str = "10.0.0.1") -> Guest:
    return Guest(FarChannel(remote, local), Hello.of("lab"))  # type: ignore[arg-type]


HERE, SAME, LAB2, LAB3 = (
    guest("127.0.0.1", "127.0.0.1"),
    guest("10.0.0.1"),
    guest("10.0.0.2"),
    guest("10.9.0.3", "10.9.0.1"),
)


@pytest.mark.parametrize(
    ("one", "other", "addresses"),
    [
        (None, None, ("127.0.0.1", "127.0.0.1")),
        (None, HERE, ("127.0.0.1", "127.0.0.1")),
        (SAME, HERE, ("127.0.0.1", "127.0.0.1")),
        (None, LAB2, ("10.0.0.1", "10.0.0.2")),
        (LAB3, None, ("10.9.0.3", "10.9.0.1")),
        (HERE, LAB3, ("10.9.0.1", "10.9.0.3")),
        (LAB2, LAB3, ("10.0.0.2", "10.9.0.3")),
    ],
)
def test_two_agents_meet_where_each_reaches_the_other(
    one: Guest | None, other: Guest | None, addresses: tuple[str, str]
) -> None:
    assert meeting(one, other) == addresses
    assert meeting(other, one) == addresses[::-1]


# -- clocks -----------------------------------------------------------------------------------------------------------


def test_the_middle_of_a_question_is_when_it_was_answered() -> None:
    offset = Offset.of(asked=1000, there=5_000_150, answered=1301)
    assert (offset.offset, offset.error) == (4_999_000, 151)
    assert offset.theirs(2000) == 5_001_000


async def test_one_computer_has_one_clock(line: Any) -> None:
    receiving = [asyncio.create_task(channel.receive()) for channel in (line.controller, line.agent)]
    offset = await measure(line.controller)
    assert abs(offset.offset) <= offset.error
    for task in receiving:
        task.cancel()


async def test_an_agent_that_does_not_tell_its_time_is_named(line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.control.channel.offset.PING_TIME", 0.02)
    with pytest.raises(ChannelError, match="agent lab2 did not tell its time"):
        await measure(line.controller)


# -- folders ----------------------------------------------------------------------------------------------------------


async def test_a_folder_arrives_as_it_was(line: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "captures").mkdir(parents=True)
    files = {
        "part.json": b"{}",
        "empty": b"",
        "segment.parquet": bytes(range(256)) * 2000,
        "captures/r1.pcap": b"x" * 65536,
    }
    for name, content in files.items():
        (here / name).write_bytes(content)
    sending = asyncio.create_task(send_folder(line.agent, here))
    line.agent.post("report", now=1)
    assert await receive_folder(line.controller, there) == sum(map(len, files.values()))
    await sending
    assert {
        path.relative_to(there).as_posix(): path.read_bytes() for path in there.rglob("*") if path.is_file()
    } == files
    assert (await line.controller.receive())["now"] == 1


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"../secret": 1}, "leads out of its folder"),
        ({"/etc/passwd": 1}, "leads out of its folder"),
        ({"": 1}, "leads out of its folder"),
        ({"part.json": -1}, "without a size"),
        ({"part.json": "1"}, "without a size"),
        (["part.json"], "something else than a list"),
        ({str(number): 0 for number in range(1001)}, "at most 1000 files"),
    ],
)
async def test_a_list_of_files_is_not_believed(line: Any, tmp_path: Path, sizes: Any, complaint: str) -> None:
    await line.agent.send_chunk(json.dumps(sizes).encode())
    with pytest.raises(ChannelError, match=complaint):
        await receive_folder(line.controller, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_is_as_long_as_it_was_announced(line: Any, tmp_path: Path) -> None:
    await line.agent.send_chunk(b'{"part.json":2}')
    await line.agent.send_chunk(b"{} ")
    with pytest.raises(ChannelError, match=r"lab2 sent part\.json in other pieces"):
        await receive_folder(line.controller, tmp_path)


async def test_a_sender_that_goes_is_noticed(line: Any, tmp_path: Path) -> None:
    await line.agent.send_chunk(b'{"part.json":2}')
    await line.agent.close()
    with pytest.raises(ChannelClosed):
        await receive_folder(line.controller, tmp_path)
