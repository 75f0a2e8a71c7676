"""A spec survives its way to another process, whatever stands in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testbed.errors import RunError
from testbed.experiment.reading.load import load
from testbed.experiment.spec_json import from_json, known, to_json

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for path in (ROOT / "experiments").rglob("*.yaml") if "topology:" in path.read_text(encoding="utf-8")
)

EVERYTHING = """
topology:
  hosts: {left: {address: 10.1.0.1, tcp: {nagle: false}}, right: {}}
  routers: [middle]
  links:
    one:
      ends: [left, middle]
      rate: 10Mbit/s
      delay: 10ms
      mtu: 9000B
      jitter: {model: exponential, mean: 1ms, reorder: true}
      loss: {model: gilbert-elliott, p: 0.3%, r: 25%}
      drop: [3, the first FIN from left, every ACK to left:5001]
      duplicate: 0.1%
      corrupt: 1%
      reorder: {share: 1%, delay: 3ms}
      queue: 64KiB
      reverse: {rate: 1Mbit/s, loss: {model: periodic, every: 100}, jitter: {model: normal, deviation: 1ms}}
    two: {ends: [middle, right], jitter: 1ms}
traffic:
  - {name: a, app: bulk, from: left, to: right, size: 100kB, tcp: {rto_min: 200ms}}
  - {name: b, app: request-response, from: left, to: right, count: 3, think: 5ms, start: 1s}
  - {name: c, app: on-off, from: right, to: left, rate: 1Mbit/s, bursts: 3, distribution: pareto}
  - {name: d, app: sink, to: right}
  - name: e
    app: dialogue
    from: left
    to: right
    steps: ["client: connect", {at: 2s, client: write 1000 x 3 every 10ms}, {both: close}]
timeline: [{at: 1s, set: {links.one.rate: 5Mbit/s, links.two.reverse.loss: 1%}}]
duration: 30s
seed: 7
clock: real
processes: 2
agents: {lab2: [right]}
expect: [a.complete]
trace: {queue: false}
capture: {format: pcap, machines: [left]}
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_experiment_comes_back_as_it_was(file: Path) -> None:
    for run in load(file).runs:
        assert from_json(json.loads(json.dumps(to_json(run.spec)))) == run.spec


def test_so_does_one_in_which_everything_is_special(tmp_path: Path) -> None:
    (tmp_path / "everything.yaml").write_text(EVERYTHING)
    spec = load(tmp_path / "everything.yaml").runs[0].spec
    again = from_json(json.loads(json.dumps(to_json(spec))))
    assert again == spec
    assert repr(again) == repr(spec), "equal values of other types (True, 1, 1.0) are not the same"


def test_every_class_has_a_name_of_its_own() -> None:
    assert all(one.__name__ == name for name, one in known().items())
    assert len(set(known().values())) == len(known())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"@": "Path", "path": "/etc/passwd"}, "there is no 'Path'"),
        ({"@": "TcpConfig", "nagel": True}, "nagel"),
        ({"@": "TcpConfig", "delayed_ack": 10**9}, "delayed_ack must be below"),
        ({"@": "TcpConfig"}, "not an experiment's"),
        ({"name": "x"}, "not an experiment's"),
        ({"@": ["TcpConfig"]}, "cannot be read"),
    ],
)
def test_what_is_no_spec_is_refused(data: dict[str, Any], why: str) -> None:
    with pytest.raises(RunError, match=why):
        from_json(data)


def test_what_nobody_could_read_back_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "everything.yaml").write_text(EVERYTHING)
    spec = load(tmp_path / "everything.yaml").runs[0].spec
    object.__setattr__(spec, "agents", {"@": ()})
    with pytest.raises(TypeError):
        to_json(spec)
