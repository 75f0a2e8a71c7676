"""How fast real time is: goodput, packets a second, processor time by stage, and many hosts.

    python benchmarks/real_time.py [--seconds N] [NAME...]

Every figure is of a run as a user would start it: a process a machine, UDP tunnels between them, nothing traced.
Packets are those that link directions sent, acknowledgements among them; processor time is that of all processes
together, from the first import to the last row. On a shared machine the figures vary by a third from one minute to
the next.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

KINDS = ("state", "segment", "cwnd", "drop", "queue", "app")
NOTHING = dict.fromkeys(KINDS, False)
SAMPLING = Path(__file__).parent / "sampling"

Experiment = dict[str, Any]


class Measured(NamedTuple):
    """What came of a run."""

    document: dict[str, Any]
    processor: float
    """Seconds, of all processes."""

    @property
    def packets(self) -> int:
        """That all link directions sent."""
        links = self.document["links"].values()
        return sum(link["packets_sent"] + link["reverse"]["packets_sent"] for link in links)

    @property
    def goodput(self) -> float:
        """Of all flows (bit/s)."""
        return sum(flow["goodput"] or 0.0 for flow in self.document["flows"].values())

    @property
    def drops(self) -> int:
        """Datagrams that the tunnels lost."""
        tunnels = self.document["tunnels"].values()
        return sum(tunnel["overflowed"] + tunnel["refused"] for tunnel in tunnels)


def measure(experiment: Experiment, samples: Path | None = None) -> Measured:
    """Run it once; with `samples`, a folder, the agents write there what they were doing."""
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder) / "benchmark.yaml", Path(folder) / "output.json"
        file.write_text(yaml.safe_dump({"name": "benchmark", "clock": "real", "trace": NOTHING, **experiment}))
        command = [sys.executable, "-m", "testbed", "run", str(file), "--results", folder]
        with output.open("w") as stream:
            process = subprocess.Popen(
                [*command, "--allow-late", "--quiet", "--json"], stdout=stream, env=_environment(samples)
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the run ended with status {process.returncode}")
        [run] = json.loads(output.read_text())["runs"]
    return Measured(run, usage.ru_utime + usage.ru_stime)


def _environment(samples: Path | None) -> dict[str, str]:
    if samples is None:
        return dict(os.environ)
    path = os.pathsep.join(filter(None, [str(SAMPLING), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "TESTBED_SAMPLES": str(samples)}


# -- what is run -------------------------------------------------------------------------------------------------------


def flow(seconds: int, hosts: list[str], links: dict[str, Any], **more: Any) -> Experiment:
    """One flow from the first host to the last, that only the machine limits: its window always suffices."""
    routers = hosts[1:-1]
    return {
        "topology": {"hosts": [hosts[0], hosts[-1]], "routers": routers, "links": links},
        "duration": f"{seconds}s",
        "tcp": {"receive_buffer": "1MiB", "send_buffer": "2MiB"},
        "traffic": [{"name": "flow", "app": "bulk", "from": hosts[0], "to": hosts[-1]}],
        **more,
    }


def star(seconds: int, hosts: int = 50) -> Experiment:
    """Half of the hosts send to the other half, through one router, at 1 Mbit/s each."""
    names = [f"h{number}" for number in range(hosts)]
    half = hosts // 2
    return {
        "topology": {
            "hosts": names,
            "routers": ["hub"],
            "links": {f"to-{name}": {"ends": [name, "hub"], "rate": "1Mbit/s", "delay": "10ms"} for name in names},
        },
        "duration": f"{seconds}s",
        "traffic": [
            {"name": f"f{number}", "app": "bulk", "from": names[number], "to": names[number + half]}
            for number in range(half)
        ],
    }


def show_goodput(seconds: int) -> None:
    """One flow between two processes, over a link without a rate."""
    _heading("one flow, two processes")
    for mtu in (1500, 9000, 65000):
        link = {"ends": ["a", "b"], "delay": "1ms", "mtu": f"{mtu}B"}
        _show(f"  MTU {mtu:,}", measure(flow(seconds, ["a", "b"], {"path": link})))
    traced = flow(seconds, ["a", "b"], {"path": {"ends": ["a", "b"], "delay": "1ms"}}, trace={})
    _show("  MTU 1,500, all traced", measure(traced))


def show_two_hops(seconds: int) -> None:
    """As many packets as go from one host through a router to another: each is sent twice."""
    links = {name: {"ends": list(ends), "delay": "1ms"} for name, ends in (("first", "ar"), ("second", "rb"))}
    _heading("one flow, two hops")
    _show("  three processes", measure(flow(seconds, ["a", "r", "b"], links)))


def show_star(seconds: int) -> None:
    """Fifty hosts and a router: how long they take to start, and how late they are."""
    _heading("50 hosts about a router")
    _show("  51 processes", measure(star(seconds)))
    _show("  2 processes", measure(star(seconds) | {"processes": 2}))


def _heading(what: str) -> None:
    print(
        f"{what:<26}{'goodput':>14}{'packets/s':>11}{'µs/packet':>11}{'late p50, p99':>18}{'lost':>6}{'around it':>11}"
    )


def _show(name: str, measured: Measured) -> None:
    """A line; `lost` is what tunnels lost, `around it` what the run took beyond its own time."""
    run, packets = measured.document, measured.packets
    late = "".join(f"{run['lateness'][key] * 1e3:>7.2f}ms" for key in ("p50", "p99"))
    print(
        f"{name:<26}{measured.goodput / 1e6:>7,.0f} Mbit/s{packets / run['end_time']:>11,.0f}"
        f"{measured.processor / packets * 1e6:>11.1f}{late:>18}{measured.drops:>6,}"
        f"{run['wall_time'] - run['end_time']:>10.1f}s",
        flush=True,
    )


# -- where the time goes -----------------------------------------------------------------------------------------------

STAGES = (
    ("runtime/gso.py:Sender", "system calls that send"),
    ("runtime/gso.py:Receiver", "system calls that receive"),
    ("runtime/tunnel", "tunnels"),
    ("runtime/", "the real clock"),
    ("clock", "the heap"),
    ("wire/", "packets to bytes and back"),
    ("tcp/", "TCP"),
    ("link/", "links"),
    ("host/", "hosts: IP, ports, sockets"),
    ("traffic/", "applications"),
    ("trace/", "meters, and rows if any"),
    ("metrics/", "meters, and rows if any"),
)


def stage_of(function: str) -> str:
    """Of a sampled function: where it belongs."""
    return next((stage for prefix, stage in STAGES if function.startswith(prefix)), "what else there is")


def show_stages(seconds: int) -> None:
    """Processor time of either agent by stage, for each data packet that went from one to the other."""
    link = {"ends": ["a", "b"], "delay": "1ms"}
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(flow(seconds, ["a", "b"], {"path": link}), Path(folder))
        agents = {path.stem: json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))}
    packets = measured.document["links"]["path"]["packets_sent"]
    print(f"{'µs a data packet, MTU 1,500':<28}" + "".join(f"{name:>12}" for name in agents))
    by_stage = {name: _by_stage(agent, packets) for name, agent in agents.items()}
    for stage in dict.fromkeys([*(stage for _, stage in STAGES), "what else there is"]):
        print(f"  {stage:<26}" + "".join(f"{one[stage]:>12.1f}" for one in by_stage.values()))
    print(f"  {'together':<26}" + "".join(f"{one.total():>12.1f}" for one in by_stage.values()))
    busy = (agent["seconds"] / measured.document["end_time"] for agent in agents.values())
    print(f"  {'share of a processor':<26}" + "".join(f"{one:>12.0%}" for one in busy))
    for name, agent in agents.items():
        most = ", ".join(f"{function} {count}" for function, count in Counter(agent["counts"]).most_common(8))
        print(f"  {name}, samples: {most}")


def _by_stage(agent: dict[str, Any], packets: int) -> Counter[str]:
    """Microseconds a packet."""
    samples = sum(agent["counts"].values())
    stages: Counter[str] = Counter()
    for function, count in agent["counts"].items():
        stages[stage_of(function)] += count / samples * agent["seconds"] / packets * 1e6
    return stages


SHOWN: dict[str, Callable[[int], None]] = {
    "goodput": show_goodput,
    "two-hops": show_two_hops,
    "stages": show_stages,
    "star": show_star,
}


def main() -> None:
    """Print a table for each name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SHOWN)}; all if none is given")
    parser.add_argument("--seconds", type=int, default=5, metavar="N", help="how long each run goes on")
    arguments = parser.parse_args()
    for name in arguments.names or SHOWN:
        if name not in SHOWN:
            parser.error(f"{name!r} is not one of {', '.join(SHOWN)}")
        SHOWN[name](arguments.seconds)
        print()


if __name__ == "__main__":
    main()
