"""Which congestion control suffers least from random loss? An experiment, a sweep and a table, all from Python.

    python benchmarks/compare_controls.py [--repeat N] [--jobs N] [--csv FILE] [--results DIR] [CONTROL...]

One flow for ten seconds over 20 Mbit/s and a round trip of 40 ms, under each control and each of three rates of loss.
Prints the median goodput of each, and how each compares with the first control over all losses. What has been run is
not run again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import polars as pl

import testbed

CONTROLS = ["reno", "cubic", "bbr", "westwood"]
LOSSES = ["0.01%", "0.1%", "1%"]

EXPERIMENT = """
name: compare-controls
topology:
  hosts: [client, server]
  links:
    path: {ends: [client, server], rate: 20Mbit/s, delay: 20ms}
duration: 10s
traffic:
  - {name: a, app: bulk, from: client, to: server}
trace: {segment: false, cwnd: false, queue: false, app: false}
"""


def main() -> None:
    """Run, and print."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compare-controls.yaml"
        file.write_text(EXPERIMENT)
        swept = testbed.sweep(
            file,
            set={"tcp.congestion": asked.controls, "links.path.loss": LOSSES},
            repeat=asked.repeat,
            results=asked.results,
            jobs=asked.jobs,
        )
    print(table(swept, asked.controls))
    print()
    for verdict in testbed.compare(swept, by="tcp.congestion", metric="a.goodput").verdicts:
        print(verdict)
    if asked.csv:
        swept.frame().write_csv(asked.csv)
        print(f"\nevery run: {asked.csv}")


def table(swept: testbed.api.Sweep, controls: list[str]) -> str:
    """Median goodput in Mbit/s: a row a control, a column a rate of loss."""
    setting = ("params.tcp.congestion", "params.links.path.loss")
    medians = swept.frame().group_by(*setting).agg(pl.col("goodput").median())
    found = {(control, loss): goodput for control, loss, goodput in medians.iter_rows()}
    head = f"{'Mbit/s':<12}" + "".join(f"{loss:>8}" for loss in LOSSES)
    rows = [f"{control:<12}" + "".join(f"{found[control, loss] / 1e6:8.2f}" for loss in LOSSES) for control in controls]
    return "\n".join([head, *rows])


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("controls", nargs="*", metavar="CONTROL", default=CONTROLS)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except testbed.TestbedError as error:
        sys.exit(str(error))
