"""The experiments whose ends are programs of their own, under both clocks."""

from __future__ import annotations

from pathlib import Path

import pytest

import testbed

GUESTS = Path(__file__).parents[2] / "experiments" / "guests"
EXAMPLES = sorted(GUESTS.glob("*.yaml"))


@pytest.mark.parametrize("clock", ["virtual", "real"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_meets_its_expectations(path: Path, clock: str, tmp_path: Path) -> None:
    pytest.importorskip("h11", reason="pip install 'testbed[examples]'")
    run = testbed.run(path, clock=clock, results=tmp_path, allow_late=True).runs[0]
    missed = [row for row in run["expect"] if not row["ok"]]
    assert (run["status"], run["stalled"], missed) == ("complete", [], [])


def test_the_programs_are_kept_beside_what_they_did(tmp_path: Path) -> None:
    pytest.importorskip("h11", reason="pip install 'testbed[examples]'")
    folder = testbed.run(GUESTS / "http.yaml", results=tmp_path).folder
    assert folder is not None
    for name in ("http_client.py", "http_server.py"):
        assert (folder / name).read_bytes() == (GUESTS / name).read_bytes()
