"""The script that shows how the testbed is used from Python."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compare_controls.py"


@pytest.mark.slow
def test_it_prints_a_table_and_a_verdict_and_writes_csv(tmp_path: Path) -> None:
    options = [
        "--repeat",
        "3",
        "--results",
        str(tmp_path / "results"),
        "--csv",
        str(tmp_path / "all.csv"),
        "--jobs",
        "2",
    ]
    done = subprocess.run([sys.executable, SCRIPT, "reno", "bbr", *options], capture_output=True, text=True, check=True)
    head, reno, bbr = (line.split() for line in done.stdout.splitlines()[:3])
    assert head == ["Mbit/s", "0.01%", "0.1%", "1%"]
    assert float(reno[3]) < float(reno[1])
    assert float(bbr[3]) > 2 * float(reno[3])
    assert "bbr beats reno" in done.stdout
    with (tmp_path / "all.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * 3 * 3


def test_a_mistake_is_told_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, SCRIPT, "rno", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "did you mean 'reno'" in done.stderr
    assert "Traceback" not in done.stderr
