"""Applications: what the hosts have to say to each other.

`application` is the plug point; `bulk`, `sink`, `request_response`, `on_off`, `dialogue`, `guest` and `syn_flood` are
what is plugged in, made of `reading`, `writing`, `payload` and `chance`. Everything goes through the sockets of `host`;
nothing here knows an event loop.
"""

from __future__ import annotations

from typing import Final

from testbed.traffic.application import Application
from testbed.traffic.bulk import BulkSpec
from testbed.traffic.dialogue.spec import DialogueSpec
from testbed.traffic.guest import GuestSpec
from testbed.traffic.on_off import OnOffSpec
from testbed.traffic.request_response import RequestResponseSpec
from testbed.traffic.sink import SinkSpec
from testbed.traffic.syn_flood import SynFloodSpec

APPS: Final[dict[str, type[Application]]] = {
    "bulk": BulkSpec,
    "sink": SinkSpec,
    "request-response": RequestResponseSpec,
    "on-off": OnOffSpec,
    "dialogue": DialogueSpec,
    "guest": GuestSpec,
    "syn-flood": SynFloodSpec,
}
