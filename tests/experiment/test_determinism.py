"""The same seed and file give the same trace, byte for byte, in any process; another seed another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

EXPERIMENT = f"""
topology: {ROOT}/topologies/dumbbell.yaml
set: {{links.bottleneck.loss: 1%, links.bottleneck.jitter: 1ms}}
traffic:
  - {{name: a, app: bulk, from: left1, to: right1, size: 200kB}}
  - {{name: b, app: on-off, from: left2, to: right2, burst: 10kB, bursts: 5, distribution: exponential}}
"""

PROGRAM = "import sys, testbed; print(testbed.run(sys.argv[1], seed=int(sys.argv[2]), results=None)['trace_sha256'])"


def trace_in_a_process(file: Path, seed: int, hash_seed: int) -> str:
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", PROGRAM, str(file), str(seed)]
    return subprocess.run(arguments, env=environment, capture_output=True, check=True, text=True).stdout


def test_the_trace_depends_on_the_seed_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(EXPERIMENT)
    first = trace_in_a_process(file, seed=1, hash_seed=1)
    assert len(first.strip()) == 64
    assert trace_in_a_process(file, seed=1, hash_seed=2) == first
    assert trace_in_a_process(file, seed=2, hash_seed=1) != first
