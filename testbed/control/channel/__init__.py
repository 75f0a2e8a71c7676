"""The line between the controller and one agent: messages, bytes and clocks, over TCP, and from nobody else.

end          Channel: what everybody uses
handshake    how both come to trust each other
frames       where a message begins and ends
transfer     a folder, sent over it
offset       how far apart the clocks of both are
"""

from __future__ import annotations

from testbed.control.channel.end import Channel
from testbed.control.channel.frames import ChannelClosed, ChannelError
from testbed.control.channel.handshake import Hello

__all__ = ["Channel", "ChannelClosed", "ChannelError", "Hello"]
