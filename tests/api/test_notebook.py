"""A real notebook, executed: the loop of its kernel runs while its cells do."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

MISSING = [name for name in ("nbclient", "nbformat", "ipykernel") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("default"),
]

FILE = """
name: small
topology: {hosts: [left, right], links: {path: {ends: [left, right], rate: 10Mbit/s, delay: 5ms}}}
traffic: [{name: a, app: bulk, from: left, to: right, size: 20kB}]
"""

CELLS = {
    "run": 'import testbed\nresult = testbed.run("small.yaml")\nresult',
    "sweep": 'swept = testbed.sweep("small.yaml", set={"tcp.rto_min": ["200ms", "1s"]}, repeat=3)\nswept',
    "compare": 'testbed.compare(swept, by="tcp.rto_min")',
    "results": 'testbed.results("results")',
    "plot": 'result.plot("cwnd")',
    "error": 'testbed.results("results").query("select nothing from flows")',
}


def test_a_notebook_shows_tables_and_pictures(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    (tmp_path / "small.yaml").write_text(FILE)
    (tmp_path / "results").mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS.values()])
    NotebookClient(book, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = {name: json.dumps(cell["outputs"]) for name, cell in zip(CELLS, book.cells, strict=True)}
    for name in ("run", "sweep", "compare", "results"):
        assert "<table" in outputs[name], outputs[name]
    assert "6/6 runs" in outputs["sweep"]
    assert "image/png" in outputs["plot"], outputs["plot"]
    assert "ConfigError" in outputs["error"]
    assert "no column 'nothing'" in outputs["error"]
