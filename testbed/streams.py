"""asyncio's streams for programs that run on a testbed host (`app: guest`): the same functions, over our TCP.

    from testbed import streams

    async def fetch(path: str) -> None:
        reader, writer = await streams.open_connection("server", 80)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        …

    async def serve() -> None:
        await streams.start_server(answer, port=80)

Readers and writers are asyncio's own. `docs/guests.md` tells how such programs are run.
"""

from __future__ import annotations

from testbed.runtime.guests import chance, open_connection, start_server

__all__ = ["chance", "open_connection", "start_server"]
