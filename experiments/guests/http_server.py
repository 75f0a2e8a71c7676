"""An HTTP server: h11 knows the protocol, `testbed.streams` has the connections. Nothing else is special."""

from asyncio import StreamReader, StreamWriter

import h11

from testbed import streams

CHUNK = 16_384


async def serve(size: int = 50_000) -> None:
    """Serve `/file`, of `size` bytes, at the flow's port."""
    file = bytes(number % 251 for number in range(size))

    async def visitor(reader: StreamReader, writer: StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while (request := await next_request(connection, reader)) is not None:
            status, body = (200, file) if request.target == b"/file" else (404, b"there is only /file\n")
            writer.write(connection.send(head(status, len(body))))
            for start in range(0, len(body), CHUNK):
                writer.write(connection.send(h11.Data(data=body[start : start + CHUNK])))
                await writer.drain()  # no faster than the network takes it
            writer.write(connection.send(h11.EndOfMessage()))
            if connection.our_state is h11.MUST_CLOSE:
                break
            connection.start_next_cycle()
        writer.close()
        await writer.wait_closed()

    await streams.start_server(visitor)


def head(status: int, length: int) -> h11.Response:
    return h11.Response(status_code=status, headers=[("Content-Length", str(length)), ("Server", "testbed")])


async def next_request(connection: h11.Connection, reader: StreamReader) -> h11.Request | None:
    """The next request, read to its end; None when the client has closed."""
    request = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return request
