"""Many datagrams in one call: UDP segmentation offload, where the kernel has it (Linux 4.18 and 5.0).

UDP_SEGMENT sends a run of datagrams of one size as one; UDP_GRO receives such a run as it was sent. Where either is
refused, it is not tried again, and datagrams go one by one.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from struct import Struct
from typing import Final

SOL_UDP: Final = 17
UDP_SEGMENT: Final = 103
UDP_GRO: Final = 104

MOST_SEGMENTS: Final = 64
"""Datagrams a call; newer kernels take 128."""

LARGEST: Final = 65_507
"""Bytes that a call, and a datagram, can carry: 65,535 without the headers of IPv4 and UDP."""

_REFUSALS: Final = (errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP)
"""What a run is refused with: by a device without checksums, for datagrams that would have to be fragmented, ..."""

_SIZE: Final = Struct("=H")
_RECEIVED_SIZE: Final = Struct("=i")
_ANCILLARY: Final = socket.CMSG_SPACE(_RECEIVED_SIZE.size) if hasattr(socket, "CMSG_SPACE") else 0


class Sender:
    """Sends over a connected socket."""

    def __init__(self, connected: socket.socket, offload: bool = True) -> None:
        self._socket = connected
        self.offload = offload and _offers(connected)
        """Whether runs are sent as one. Goes to false, for good, when the way to the peer refuses it."""

    def send(self, datagrams: Sequence[bytes]) -> int:
        """Send them in order, and say how many the system took. One that it does not take is lost, not waited for."""
        taken, at = 0, 0
        while at < len(datagrams):
            end = _end_of_run(datagrams, at) if self.offload else at + 1
            could = self.offload
            if self._send(datagrams[at:end]):
                taken += end - at
            elif could and not self.offload:
                continue  # the same again, one by one
            at = end
        return taken

    def _send(self, run: Sequence[bytes]) -> bool:
        for _ in range(2):  # an error that an earlier datagram has come back with is told once, in place of sending
            try:
                if len(run) == 1:
                    self._socket.send(run[0])
                else:
                    self._socket.sendmsg(run, [(SOL_UDP, UDP_SEGMENT, _SIZE.pack(len(run[0])))])
                return True
            except BlockingIOError:
                return False
            except OSError as error:
                if len(run) > 1 and error.errno in _REFUSALS:
                    self.offload = False
                    return False
        return False


def _end_of_run(datagrams: Sequence[bytes], at: int) -> int:
    """Where a run that begins at `at` ends: all are of one size, but that the last may be shorter. None is empty."""
    size = len(datagrams[at])
    if not size:
        return at + 1
    most = min(len(datagrams), at + MOST_SEGMENTS, at + LARGEST // size)
    end = at + 1
    while end < most and len(datagrams[end]) == size:
        end += 1
    if end < most and 0 < len(datagrams[end]) < size:
        end += 1
    return end


class Receiver:
    """Receives from a socket that does not block."""

    def __init__(self, source: socket.socket, offload: bool = True) -> None:
        self._socket = source
        self.offload = offload and _asks(source)
        """Whether runs are received as one."""

    def receive(self) -> list[bytes]:
        """The next datagram, or a run of them; none when nothing waits."""
        try:
            if not self.offload:
                return [self._socket.recv(LARGEST)]
            data, ancillary, _, _ = self._socket.recvmsg(LARGEST, _ANCILLARY)
        except OSError:  # nothing waits, or a datagram of ours has come back with an error, which is told once
            return []
        for level, kind, value in ancillary:
            if level == SOL_UDP and kind == UDP_GRO:
                [size] = _RECEIVED_SIZE.unpack(value)
                return [data[at : at + size] for at in range(0, len(data), size)]
        return [data]


def _offers(connected: socket.socket) -> bool:
    """Whether the kernel knows UDP_SEGMENT."""
    try:
        connected.getsockopt(SOL_UDP, UDP_SEGMENT)
    except OSError:
        return False
    return True


def _asks(source: socket.socket) -> bool:
    """Ask for UDP_GRO, and say whether it is given."""
    try:
        source.setsockopt(SOL_UDP, UDP_GRO, 1)
    except OSError:
        return False
    return True
