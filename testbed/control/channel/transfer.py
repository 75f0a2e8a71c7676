"""A folder sent over a channel: first the list of its files, then their bytes in that order.

It goes in chunks only, so that messages may come and go meanwhile. The receiver believes nothing: a name that leads
out of the folder, or more bytes than were announced, is an error.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Final

from testbed.control.channel.end import Channel
from testbed.control.channel.frames import ChannelError

PIECE: Final = 64 << 10
"""Bytes of a file in a chunk."""

MOST_FILES: Final = 1000
"""In a folder: there is a table for each kind of row, and a capture for each interface."""


async def send_folder(channel: Channel, folder: Path) -> None:
    """Send every file below `folder`, which must not change meanwhile. Raises ChannelError, or OSError."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    await channel.send_chunk(json.dumps(sizes).encode())
    for path, size in zip(files, sizes.values(), strict=True):
        await _send_file(channel, path, size)


async def receive_folder(channel: Channel, folder: Path) -> int:
    """Write what is sent below `folder`; the answer is how many bytes that were. Raises ChannelError, or OSError."""
    sizes = _read_list(await channel.receive_chunk(), channel.peer)
    for name, size in sizes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        await _receive_file(channel, path, size)
    return sum(sizes.values())


async def _send_file(channel: Channel, path: Path, size: int) -> None:
    with path.open("rb") as file:
        while size > 0:
            piece = file.read(min(PIECE, size))
            if not piece:
                raise ChannelError(f"{path} became shorter while it was sent")
            await channel.send_chunk(piece)
            size -= len(piece)


async def _receive_file(channel: Channel, path: Path, size: int) -> None:
    with path.open("wb") as file:
        while size > 0:
            piece = await channel.receive_chunk()
            if not 0 < len(piece) <= size:
                raise ChannelError(f"{channel.peer} sent {path.name} in other pieces than it said")
            file.write(piece)
            size -= len(piece)


def _read_list(text: bytes, peer: str) -> dict[str, int]:
    """Sizes by name. Raises ChannelError."""
    try:
        sizes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"{peer} sent a list of files that is not JSON") from error
    if not isinstance(sizes, dict) or len(sizes) > MOST_FILES:
        raise ChannelError(f"{peer} sent something else than a list of at most {MOST_FILES} files")
    for name, size in sizes.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise ChannelError(f"{peer} sent a file that leads out of its folder: {name!r}")
        if not isinstance(size, int) or size < 0:
            raise ChannelError(f"{peer} sent a file without a size: {name!r}")
    return sizes
