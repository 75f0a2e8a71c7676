"""An HTTP client: asks for `/file` over one connection, again and again, and looks at what comes."""

from asyncio import StreamReader, get_running_loop

import h11

from testbed import streams

CHUNK = 16_384


async def fetch(size: int = 50_000, times: int = 1) -> None:
    """Fetch the file, whose `size` is known, so many `times`."""
    reader, writer = await streams.open_connection("server")
    connection = h11.Connection(h11.CLIENT)
    clock = get_running_loop().time
    for turn in range(times):
        last, began = turn == times - 1, clock()
        headers = [("Host", "server"), *([("Connection", "close")] if last else [])]
        writer.write(connection.send(h11.Request(method="GET", target="/file", headers=headers)))
        writer.write(connection.send(h11.EndOfMessage()))
        status, body = await response(connection, reader)
        if status != 200 or body != bytes(number % 251 for number in range(size)):
            raise ValueError(f"status {status}, {len(body)} bytes that are not the file's")
        print(f"{len(body)} bytes in {clock() - began:.3f} s")
        if not last:
            connection.start_next_cycle()
    writer.close()
    await writer.wait_closed()


async def response(connection: h11.Connection, reader: StreamReader) -> tuple[int, bytes]:
    """The status and the body of the next response."""
    status, body = 0, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return status, bytes(body)
        elif isinstance(event, h11.ConnectionClosed):
            raise ConnectionError("the server has closed in the middle of a response")
