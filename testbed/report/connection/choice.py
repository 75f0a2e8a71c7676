"""The connections that a run's folder tells of."""

from __future__ import annotations

import difflib
from pathlib import Path

from testbed.errors import ConfigError
from testbed.report.connection.exchange import Exchange, exchange
from testbed.trace import store


def connections(run: Path, kind: str = "segment") -> list[str]:
    """The labels of all connections, in order of their first row of `kind`. Raises ConfigError without such rows."""
    column = store.load(run, kind).select("connection").unique(maintain_order=True).collect()["connection"]
    return [label for label in column if label]


def choose(run: Path, wanted: str | None, kind: str = "segment") -> str:
    """The connection to look at: the one that is `wanted`, or else the first. Raises ConfigError for none."""
    known = connections(run, kind)
    if wanted in known:
        return str(wanted)
    if wanted is None and known:
        return known[0]
    close = difflib.get_close_matches(wanted or "", known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known[:12]) or 'none'}"
    message = f"no connection {wanted!r}" if wanted else "no connection sent a segment"
    raise ConfigError.of(message, file=str(run), suggestion=remedy)


def read_exchange(run: Path, connection: str) -> Exchange:
    """What happened on a connection; without states where these were not recorded."""
    where = {"connection": connection}
    states = store.rows(run, "state", where) if "state" in store.kinds(run) else []
    return exchange(store.rows(run, "segment", where), states)
