"""A network laboratory: one YAML file becomes hosts, links and TCP transfers, then traces and numbers.

    import testbed

    result = testbed.run("experiments/quickstart.yaml", set={"links.bottleneck.loss": "2%"}, seed=3)
    result["flows"]["a"]["goodput"]            # bit/s
    result.runs[0].trace("cwnd")               # a polars table

`run` and `check` are the whole interface for programs; the errors that they raise are here as well. Both are imported
when they are first used, so that `import testbed` costs nothing.

The house. A module imports only from floors below its own; rooms on one floor are strangers.

    cli/            one function a command; no logic
    api             the same from Python     | streams   for programs of yours on a testbed host
    report/         run folders -> tables, ladder diagrams
    control/        real time: the controller, the agents with the machines, messages between them
    experiment/     YAML -> spec -> world -> run -> run folder; sweeps
    traffic/        applications             | runtime/  the only room with a real clock, sockets, asyncio
    host/           a machine: addresses, routes, demultiplexing, forwarding
    tcp/            the transport, sans-IO   | link/     impairments and queues | metrics/  rows -> numbers
    wire/           bytes <-> values         | trace/    what happened: its vocabulary, and where it goes
    clock  seeds  units
    errors
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testbed.errors import ConfigError, RunError, TestbedError

if TYPE_CHECKING:
    from testbed.api import check, run

__all__ = ["ConfigError", "RunError", "TestbedError", "check", "run"]


def __getattr__(name: str) -> Any:
    if name in ("check", "run"):
        from testbed import api

        return getattr(api, name)
    raise AttributeError(f"module 'testbed' has no attribute {name!r}")
