"""A network laboratory: one YAML file becomes hosts, links and TCP transfers, then traces and numbers.

    import testbed

    result = testbed.run("experiments/quickstart.yaml", set={"links.bottleneck.loss": "2%"}, seed=3)
    result["flows"]["a"]["goodput"]            # bit/s
    result.runs[0].trace("cwnd")               # a polars table

    swept = testbed.sweep("experiments/quickstart.yaml", set={"tcp.rto_min": ["200ms", "1s"]}, repeat=10)
    testbed.compare(swept, by="tcp.rto_min")   # verdicts, with their intervals
    testbed.results("results").frame()         # a row a run and flow, of all that was ever run

`run`, `sweep`, `compare`, `results` and `check` are the whole interface for programs; the errors that they raise are
here as well. All are imported when they are first used, so that `import testbed` costs nothing.

The house. A module imports only from floors below its own; rooms on one floor are strangers.

    cli/            one function a command; no logic
    api/            the same from Python     | streams   for programs of yours on a testbed host
    report/         run folders -> tables, pictures, pages, other people's formats
    comparison/     runs compared: by setting, or with an earlier version
    sweeps/         a plan carried out: on all cores, on a cluster, from where it stopped | store/  run folders, asked
    control/        real time: the controller, the agents with the machines, messages between them
    experiment/     YAML -> spec -> world -> run -> run folder
    traffic/        applications             | runtime/  the only room with a real clock, sockets, asyncio
    host/           a machine: addresses, routes, demultiplexing, forwarding
    tcp/            the transport, sans-IO   | link/     impairments and queues | metrics/  rows -> numbers
    wire/           bytes <-> values         | trace/    what happened: its vocabulary, and where it goes
    clock  seeds  units  statistics
    errors
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testbed.errors import ConfigError, RunError, TestbedError

if TYPE_CHECKING:
    from testbed.api import check, compare, results, run, sweep

__all__ = ["ConfigError", "RunError", "TestbedError", "check", "compare", "results", "run", "sweep"]


def __getattr__(name: str) -> Any:
    if name in ("check", "compare", "results", "run", "sweep"):
        from testbed import api

        return getattr(api, name)
    raise AttributeError(f"module 'testbed' has no attribute {name!r}")
