"""How fast virtual time is: data segments a wall second, and peak memory, a workload a line.

    python benchmarks/speed.py [--quick] [NAME...]

Each workload runs in a process of its own, as a user would run it. The rate counts the data segments that all senders
sent, retransmissions included, over the wall time of the run without the interpreter's start. A shared machine
varies by a third from one minute to the next: each figure is the best of three.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

NOTHING = dict.fromkeys(("state", "segment", "cwnd", "control", "drop", "mark", "icmp", "queue", "app"), False)

PLAIN = {
    "congestion": "reno", "sack": False, "rack": False, "tail_loss_probe": False, "limited_transmit": False,
    "rate_reduction": "off", "eifel": False, "frto": False, "dsack": False, "dsack_undo": False,
    "path_mtu_discovery": "off",
}  # fmt: skip
"""Reno with duplicate acknowledgements, and nothing since: what the rest costs is the difference. The other rows have
the defaults: CUBIC, SACK, RACK and tail loss probes, rate reduction, timestamps."""


def one_flow(duration: str, **more: Any) -> dict[str, Any]:
    """One flow that fills 100 Mbit/s over a round trip of 20 ms."""
    link = {"ends": ["a", "b"], "rate": "100Mbit/s", "delay": "10ms", **more.pop("link", {})}
    return {
        "topology": {"hosts": ["a", "b"], "links": {"path": link}},
        "duration": duration,
        "traffic": [{"name": "flow", "app": "bulk", "from": "a", "to": "b"}],
        "trace": {"segment": False},
        **more,
    }


def hundred_flows() -> dict[str, Any]:
    """A hundred flows of a hundred pairs of hosts over one bottleneck, a minute."""
    count = 100
    hosts = [f"{side}{number}" for side in ("left", "right") for number in range(count)]
    links = {
        f"{host}-router": {"ends": [host, "r1" if host.startswith("left") else "r2"], "rate": "1Gbit/s", "delay": "1ms"}
        for host in hosts
    }
    links["bottleneck"] = {"ends": ["r1", "r2"], "rate": "100Mbit/s", "delay": "8ms"}
    flows = [
        {"name": f"f{number}", "app": "bulk", "from": f"left{number}", "to": f"right{number}"}
        for number in range(count)
    ]
    return {
        "topology": {"hosts": hosts, "routers": ["r1", "r2"], "links": links},
        "duration": "20s",
        "traffic": flows,
        "trace": {"segment": False},
    }


def thousand_connections() -> dict[str, Any]:
    """A thousand connections between two hosts, each asking for little and thinking for ten seconds, ten minutes."""
    flow = {"app": "request-response", "from": "a", "to": "b", "request": "100B", "response": "2kB"}
    flows = [
        {"name": f"c{number}", **flow, "think": "10s", "distribution": "exponential", "start": f"{number}ms"}
        for number in range(1000)
    ]
    return {
        "topology": {"hosts": ["a", "b"], "links": {"path": {"ends": ["a", "b"], "rate": "1Gbit/s", "delay": "10ms"}}},
        "duration": "600s",
        "traffic": flows,
        "trace": {"segment": False},
    }


WORKLOADS: dict[str, dict[str, Any]] = {
    "one flow": one_flow("60s"),
    "one flow, segments traced": one_flow("60s", trace={"segment": True}),
    "one flow, nothing traced": one_flow("60s", trace=NOTHING),
    "one flow, nothing traced, plain Reno": one_flow("60s", trace=NOTHING, tcp=PLAIN),
    "one flow, ten minutes": one_flow("600s"),
    "one flow, 1 % loss, ten minutes": one_flow("600s", link={"loss": "1%"}, tcp={"rto_min": "200ms"}),
    "one flow, 1 % loss, plain Reno": one_flow("600s", link={"loss": "1%"}, tcp={**PLAIN, "rto_min": "200ms"}),
    "100 flows, 20 s": hundred_flows(),
    "1,000 idle connections, ten minutes": thousand_connections(),
}


def measure(experiment: dict[str, Any]) -> tuple[int, float, float]:
    """Run it once: data segments sent, wall seconds, and peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmark.yaml"
        file.write_text(yaml.safe_dump({"name": "benchmark", **experiment}))
        output = Path(folder) / "output.json"
        command = [sys.executable, "-m", "testbed", "run", str(file), "--results", folder, "--json", "--quiet"]
        with output.open("w") as stream:
            process = subprocess.Popen(command, stdout=stream)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the run ended with status {process.returncode}")
        [run] = json.loads(output.read_text())["runs"]
    segments = sum(flow["data_segments_sent"] for flow in run["flows"].values())
    return segments, run["wall_time"], usage.ru_maxrss / 1024


def main() -> None:
    """Print a line a workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="workloads whose name begins so; all if none is given")
    parser.add_argument("--quick", action="store_true", help="once each, instead of the best of three")
    arguments = parser.parse_args()
    print(f"{'workload':<38}{'segments':>10}{'wall':>9}{'segments/s':>12}{'memory':>10}")
    for name, experiment in WORKLOADS.items():
        if arguments.names and not name.startswith(tuple(arguments.names)):
            continue
        runs = [measure(experiment) for _ in range(1 if arguments.quick else 3)]
        segments, wall, memory = min(runs, key=lambda run: run[1])
        print(f"{name:<38}{segments:>10,}{wall:>8.2f}s{segments / wall:>12,.0f}{memory:>6.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
