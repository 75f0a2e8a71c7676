"""The system calls of scripts, on top of the testbed's sockets.

Each call is a method. One that may block is a generator that yields as long as it does; the runner lets time pass
and asks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from packetdrill.descriptors import Descriptor
from packetdrill.kernel import REMOTE_ADDRESS, Kernel
from packetdrill.profile import Profile
from packetdrill.script import CallEvent, Mismatch, Script, Unsupported, Word

from testbed.clock import MILLISECOND, SECOND
from testbed.host.listener import Listener
from testbed.tcp.congestion import CONTROLS

AGAIN = {"EAGAIN": "EWOULDBLOCK"}
O_RDWR = 0x02
FIRST_DESCRIPTOR = 3  # after standard input, output and error
O_NONBLOCK = {"freebsd": 0x04, "linux": 0x800}

IGNORED = {"SO_REUSEADDR", "SO_REUSEPORT", "SO_NOSIGPIPE", "SO_DEBUG", "IP_RECVERR", "IP_MTU_DISCOVER"}


@dataclass(frozen=True)
class Result:
    """What a call returned."""

    value: int
    error: str = ""


BLOCKED = None
OK = Result(0)
Outcome = Result | Iterator[None]


def failure(error: str) -> Result:
    """-1 and errno."""
    return Result(-1, error)


class Calls:
    """The process that the script writes down."""

    def __init__(self, kernel: Kernel, profile: Profile, script: Script) -> None:
        self._kernel = kernel
        self._profile = profile
        self._descriptors: dict[int, Descriptor] = {}
        self._bind_port = script.integer("bind_port", 8080)
        self._connect_port = script.integer("connect_port", 8080)

    def begin(self, event: CallEvent) -> Outcome:
        """Start a call: its result, or a generator that will return it. Raises `Unsupported` for an unknown one."""
        method = getattr(self, f"_{event.name}", None)
        if method is None:
            raise Unsupported(f"system call {event.name}")
        outcome: Outcome = method(*event.arguments)
        return outcome

    def _descriptor(self, number: int) -> Descriptor:
        if number not in self._descriptors:
            raise Mismatch(f"descriptor {number} is not open")
        return self._descriptors[number]

    def _open(self, descriptor: Descriptor) -> Result:
        number = next(number for number in count(FIRST_DESCRIPTOR) if number not in self._descriptors)
        self._descriptors[number] = descriptor
        return Result(number)

    # -- opening -------------------------------------------------------------------------------------------------------

    def _socket(self, domain: Any, kind: Word, protocol: Any) -> Result:
        if "SOCK_STREAM" not in kind.names:
            raise Unsupported(f"socket type {kind}")
        descriptor = Descriptor(self._kernel)
        descriptor.nonblocking = "SOCK_NONBLOCK" in kind.names
        return self._open(descriptor)

    def _bind(self, number: int, address: Any, size: Any) -> Result:
        port = address.get("sin_port") if isinstance(address, dict) else None
        self._descriptor(number).port = port if isinstance(port, int) else self._bind_port
        return OK

    def _listen(self, number: int, backlog: int) -> Result:
        descriptor = self._descriptor(number)
        port = descriptor.port if descriptor.port is not None else self._bind_port
        config = replace(self._kernel.config, **descriptor.settings)
        descriptor.listener = self._kernel.host.listen(port, _unheard, config=config, backlog=max(backlog, 1))
        if descriptor.options.get("TCP_NOOPT"):
            self._profile.no_options.add(port)
        return OK

    def _connect(self, number: int, address: Any, size: Any) -> Outcome:
        descriptor = self._descriptor(number)
        if descriptor.socket is not None:
            return failure("EISCONN") if descriptor.connected_once else failure("EALREADY")
        config = replace(self._kernel.config, **{**self._kernel.when_connecting, **descriptor.settings})
        host = self._kernel.host
        descriptor.socket = host.connect(
            REMOTE_ADDRESS, self._connect_port, descriptor, config=config, local_port=descriptor.port
        )
        if descriptor.options.get("TCP_NOOPT"):
            self._profile.no_options.add(descriptor.socket.local[1])
        return failure("EINPROGRESS") if descriptor.nonblocking else self._connecting(descriptor)

    def _connecting(self, descriptor: Descriptor) -> Iterator[None]:
        while not descriptor.connected_once and not descriptor.closed_already:
            yield BLOCKED
        error = descriptor.take_error()
        return failure(error) if error else OK

    def _accept(self, number: int, address: Any, size: Any) -> Outcome:
        descriptor = self._descriptor(number)
        if descriptor.listener is None:
            return failure("EINVAL")
        return self._accepting(descriptor, descriptor.listener)

    def _accepting(self, descriptor: Descriptor, listener: Listener) -> Iterator[None]:
        while (socket := listener.accept()) is None:
            if descriptor.nonblocking:
                return failure("EAGAIN")
            yield BLOCKED
        accepted = Descriptor(self._kernel)
        accepted.adopt(socket)
        return self._open(accepted)

    # -- data ----------------------------------------------------------------------------------------------------------

    def _read(self, number: int, buffer: Any, size: int) -> Outcome:
        return self._receiving(self._descriptor(number), size, set())

    def _recv(self, number: int, buffer: Any, size: int, flags: Any) -> Outcome:
        names = set(flags.names) if isinstance(flags, Word) else set()
        if names - {"MSG_PEEK", "MSG_DONTWAIT"}:
            raise Unsupported(f"recv flags {flags}")
        return self._receiving(self._descriptor(number), size, names)

    def _recvfrom(self, number: int, buffer: Any, size: int, flags: Any, *address: Any) -> Outcome:
        return self._recv(number, buffer, size, flags)

    def _receiving(self, descriptor: Descriptor, size: int, flags: set[str]) -> Iterator[None]:
        socket = descriptor.socket
        if socket is None:
            return failure("ENOTCONN")
        while not (descriptor.connected_once and socket.available):
            error = descriptor.take_error()
            if error:
                return failure(error)
            if descriptor.at_end:
                return OK
            if descriptor.nonblocking or "MSG_DONTWAIT" in flags:
                return failure("EAGAIN")
            yield BLOCKED
        if "MSG_PEEK" in flags:
            return Result(min(socket.available, size))
        data = socket.read(size)
        if any(data):
            raise Mismatch("what was read is not what was sent: zeros")
        return Result(len(data))

    def _write(self, number: int, buffer: Any, size: int) -> Outcome:
        return self._sending(self._descriptor(number), size)

    def _send(self, number: int, buffer: Any, size: int, flags: Any) -> Outcome:
        names = set(flags.names) if isinstance(flags, Word) else set()
        if "MSG_FASTOPEN" in names:
            return self._sending_early(self._descriptor(number), size)
        if names - {"MSG_DONTWAIT", "MSG_NOSIGNAL"}:
            raise Unsupported(f"send flags {flags}")
        return self._sending(self._descriptor(number), size)

    def _sending_early(self, descriptor: Descriptor, size: int) -> Outcome:
        """connect(2) and write(2) in one (MSG_FASTOPEN): with a cookie the data goes with the SYN."""
        if descriptor.socket is None:
            config = replace(self._kernel.config, **{**descriptor.settings, "fast_open": True})
            descriptor.socket = self._kernel.host.connect(
                REMOTE_ADDRESS, self._connect_port, descriptor, config=config, local_port=descriptor.port
            )
        if descriptor.socket.connection.early:
            return Result(descriptor.socket.write(bytes(size)))
        return failure("EINPROGRESS") if descriptor.nonblocking else self._sending(descriptor, size)

    def _sendto(self, number: int, buffer: Any, size: int, flags: Any, *address: Any) -> Outcome:
        return self._send(number, buffer, size, flags)

    def _sending(self, descriptor: Descriptor, size: int) -> Iterator[None]:
        socket = descriptor.socket
        if socket is None:
            return failure("ENOTCONN")
        taken = 0
        while True:
            error = descriptor.take_error()
            if error:
                return failure(error)
            if descriptor.closed_already or socket.connection.sender.closing:
                return failure("EPIPE")
            if descriptor.connected_once:
                taken += socket.write(bytes(size - taken))
            if taken == size or (taken and descriptor.nonblocking):
                return Result(taken)
            if descriptor.nonblocking:
                return failure("EAGAIN")
            yield BLOCKED

    # -- ending --------------------------------------------------------------------------------------------------------

    def _shutdown(self, number: int, how: Word) -> Result:
        socket = self._descriptor(number).socket
        if socket is None or self._descriptor(number).closed_already:
            return failure("ENOTCONN")
        if "SHUT_WR" not in how.names and "SHUT_RDWR" not in how.names:
            raise Unsupported(f"shutdown {how}")
        socket.close()
        return OK

    def _close(self, number: int) -> Result:
        descriptor = self._descriptor(number)
        del self._descriptors[number]
        if descriptor.listener is not None:
            descriptor.listener.close()
        elif descriptor.socket is not None and descriptor.options.get("SO_LINGER") == 0:
            descriptor.socket.abort()
        elif descriptor.socket is not None:
            descriptor.socket.release()
        return OK

    # -- settings ------------------------------------------------------------------------------------------------------

    def _fcntl(self, number: int, command: Word, *value: Any) -> Result:
        descriptor = self._descriptor(number)
        if command.names == ("F_GETFL",):
            return Result(O_RDWR | (O_NONBLOCK[self._profile.name] if descriptor.nonblocking else 0))
        if command.names != ("F_SETFL",):
            raise Unsupported(f"fcntl {command}")
        names = value[0].names if isinstance(value[0], Word) else ()
        descriptor.nonblocking = "O_NONBLOCK" in names
        return OK

    def _setsockopt(self, number: int, level: Any, option: Word, value: Any, size: Any) -> Result:
        descriptor, name = self._descriptor(number), str(option)
        given = value[0] if isinstance(value, list) else value
        if isinstance(given, dict):  # struct linger
            fields = list(given.values())
            given = fields[1] if fields[0] else 1
        if name in ("TCP_NOOPT", "SO_LINGER"):
            descriptor.options[name] = given
            return OK
        setting = self._setting(name, given)
        if setting and descriptor.socket is not None:
            raise Unsupported(f"{name} on an open connection")
        descriptor.settings |= setting
        descriptor.options[name] = given
        return OK

    def _setting(self, name: str, value: Any) -> dict[str, Any]:
        """The field of TcpConfig that a socket option stands for, and its value there."""
        match name:
            case "TCP_NODELAY":
                return {"nagle": not value}
            case "TCP_FASTOPEN" | "TCP_FASTOPEN_CONNECT":
                return {"fast_open": bool(value)}
            case "SO_RCVBUF":
                return {"receive_buffer": value}
            case "SO_SNDBUF":
                return {"send_buffer": value}
            case "SO_KEEPALIVE":
                return {"keepalive": bool(value)}
            case "TCP_KEEPIDLE":
                return {"keepalive_idle": value * SECOND}
            case "TCP_KEEPINTVL":
                return {"keepalive_interval": value * SECOND}
            case "TCP_KEEPCNT":
                return {"keepalive_probes": value}
            case "TCP_KEEPINIT":
                return {"user_timeout": value * SECOND}
            case "TCP_MAXSEG":
                return {"mss": value}
            case "TCP_USER_TIMEOUT":
                return {"user_timeout": value * MILLISECOND}
            case "TCP_CONGESTION":
                return {"congestion": CONTROLS[value]()}
            case _ if name in IGNORED:
                return {}
        raise Unsupported(f"socket option {name}")

    def _getsockopt(self, number: int, level: Any, option: Word, value: Any, size: Any) -> Result:
        descriptor, name = self._descriptor(number), str(option)
        wanted = value[0] if isinstance(value, list) else value
        live = self._option(descriptor, name)
        if wanted is not ... and str(wanted) != str(live):
            raise Mismatch(f"{name}: expected {wanted}, got {live}")
        return OK

    def _option(self, descriptor: Descriptor, name: str) -> Any:
        config = replace(self._kernel.config, **descriptor.settings)
        match name:
            case "SO_ERROR":
                return descriptor.take_error() or 0
            case "SO_RCVBUF":
                return self._profile.receive_buffer(descriptor.socket, config.receive_buffer)
            case "SO_SNDBUF":
                return config.send_buffer
            case "TCP_NODELAY":
                return int(not config.nagle)
            case "TCP_KEEPCNT":
                return config.keepalive_probes
            case "TCP_KEEPIDLE":
                return config.keepalive_idle // SECOND
            case "TCP_KEEPINTVL":
                return config.keepalive_interval // SECOND
            case _ if name in descriptor.options:
                return descriptor.options[name]
        raise Unsupported(f"socket option {name}")

    # -- waiting -------------------------------------------------------------------------------------------------------

    def _poll(self, entries: list[dict[str, Any]], count: int, timeout: int) -> Iterator[None]:
        deadline = self._kernel.clock.now + timeout * MILLISECOND
        while True:
            found = [self._descriptor(entry["fd"]).ready() & _asked(entry) for entry in entries]
            if any(found) or self._kernel.clock.now >= deadline >= 0 <= timeout:
                break
            yield BLOCKED
        for entry, names in zip(entries, found, strict=True):
            revents = entry.get("revents", 0)
            wanted = set(revents.names) if isinstance(revents, Word) else set()
            if wanted != names:
                raise Mismatch(f"poll: expected {sorted(wanted)} on {entry['fd']}, got {sorted(names)}")
        return Result(sum(map(bool, found)))


def _asked(entry: dict[str, Any]) -> set[str]:
    events = entry["events"]
    return {"POLLERR", "POLLHUP", *(events.names if isinstance(events, Word) else ())}


def _unheard(listener: Listener, now: int) -> None:
    """Scripts accept when they like."""


def same_error(wanted: str, live: str) -> bool:
    """Whether two errnos are one."""
    return AGAIN.get(wanted, wanted) == AGAIN.get(live, live)
