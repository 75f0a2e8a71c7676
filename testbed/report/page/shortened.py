"""A resolved spec for embedding: what is the same for all hosts and flows stands once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

Spec = Mapping[str, Any]

ENDS: Final = ("client_tcp", "server_tcp")


def compact(spec: Spec) -> dict[str, Any]:
    """The spec with the commonest TCP settings under `tcp`; hosts and flows keep what differs from these."""
    found = [host.get("tcp") for host in (spec.get("hosts") or {}).values() if host.get("tcp")]
    if not found:
        return dict(spec)
    common = json.loads(Counter(json.dumps(tcp) for tcp in found).most_common(1)[0][0])
    hosts = {name: {**host, "tcp": _rest(host.get("tcp"), common)} for name, host in spec["hosts"].items()}
    flows = {
        name: {**flow, **{end: _rest(flow.get(end), common) for end in ENDS if end in flow}}
        for name, flow in (spec.get("traffic") or {}).items()
    }
    return {**spec, "tcp": common, "hosts": hosts, "traffic": flows}


def _rest(settings: Spec | None, common: Spec) -> dict[str, Any]:
    return {key: value for key, value in (settings or {}).items() if common.get(key) != value}
