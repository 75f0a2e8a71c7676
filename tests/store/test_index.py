"""The index is a cache: whatever happens to it, the answer is what the folders say."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from testbed.store import index
from testbed.store.folder import runs_below
from testbed.store.index import INDEX, documents

Archive = Callable[..., Path]


def goodputs(folder: Path) -> list[float]:
    return [document["flows"]["a"]["goodput"] for document in documents(folder)]


@pytest.fixture
def home(archive: Archive, tmp_path: Path) -> Path:
    """Two runs, and their index."""
    archive("x", "1", goodput={"a": 1.0})
    archive("y", "2", goodput={"a": 2.0})
    documents(tmp_path / "results")
    assert (tmp_path / "results" / INDEX).is_file()
    return tmp_path / "results"


def falsify(run: Path) -> None:
    """Change what a run says in a way that no index can see: who tells the truth now has read the folder."""
    summary = run / "summary.json"
    before = summary.stat()
    text = summary.read_text()
    summary.write_text(text.replace('"goodput": 1.0', '"goodput": 8.0').replace('"goodput": 2.0', '"goodput": 8.0'))
    os.utime(summary, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert summary.stat().st_size == before.st_size
    assert summary.read_text() != text


def falsify_all(home: Path) -> None:
    for run in runs_below(home):
        falsify(run)


def test_a_run_is_read_once(home: Path) -> None:
    falsify_all(home)
    assert goodputs(home) == [1.0, 2.0]


def test_documents_say_where_their_runs_are_and_leave_the_spec_there(home: Path) -> None:
    for document in documents(home):
        assert json.loads((Path(document["folder"]) / "manifest.json").read_text())["id"] == document["id"]
        assert "spec" not in document


def test_a_run_that_changed_is_read_again_and_no_other(home: Path, archive: Archive) -> None:
    falsify_all(home)
    archive("x", "1", goodput={"a": 3.25})
    assert goodputs(home) == [3.25, 2.0]


@pytest.mark.parametrize("name", ["manifest.json", "summary.json"])
def test_a_file_of_another_time_is_read_again(home: Path, name: str) -> None:
    falsify_all(home)
    os.utime(next(home.glob("x/*/runs/1")) / name, (5, 5))
    assert goodputs(home) == [8.0, 2.0]


def test_a_new_run_is_found_and_one_that_went_is_forgotten(home: Path, archive: Archive) -> None:
    new = archive("z", "3", goodput={"a": 9.0})
    assert goodputs(home) == [1.0, 2.0, 9.0]
    for file in new.iterdir():
        file.unlink()
    assert goodputs(home) == [1.0, 2.0]
    with closing(sqlite3.connect(home / INDEX)) as file:
        assert file.execute("SELECT count(*) FROM run").fetchone() == (2,)


@pytest.mark.parametrize("damage", [b"", b"this is no database, but it is long enough to be looked at\n" * 40])
def test_a_damaged_index_is_made_anew(home: Path, damage: bytes) -> None:
    (home / INDEX).write_bytes(damage)
    assert goodputs(home) == [1.0, 2.0]
    falsify_all(home)
    assert goodputs(home) == [1.0, 2.0]


def test_an_index_cut_short_is_made_anew(home: Path) -> None:
    whole = (home / INDEX).read_bytes()
    (home / INDEX).write_bytes(whole[: len(whole) // 2])
    assert goodputs(home) == [1.0, 2.0]
    assert goodputs(home) == [1.0, 2.0]


def test_an_index_of_another_version_is_made_anew(home: Path) -> None:
    with closing(sqlite3.connect(home / INDEX)) as file:
        file.execute("DROP TABLE run")
        file.execute("CREATE TABLE run (something TEXT)")
        file.execute(f"PRAGMA user_version = {index.VERSION + 1}")
        file.commit()
    assert goodputs(home) == [1.0, 2.0]
    falsify_all(home)
    assert goodputs(home) == [1.0, 2.0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_read(archive: Archive, tmp_path: Path) -> None:
    archive("x", "1", goodput={"a": 1.0})
    (tmp_path / "results").chmod(0o555)
    assert goodputs(tmp_path / "results") == [1.0]


def test_where_an_index_cannot_be_made_all_is_read(archive: Archive, tmp_path: Path) -> None:
    archive("x", "1", goodput={"a": 1.0})
    (tmp_path / "results" / INDEX).mkdir()  # in its place
    assert goodputs(tmp_path / "results") == [1.0]


def test_no_index_is_left_in_a_folder_that_is_no_results_folder(archive: Archive, tmp_path: Path) -> None:
    run = archive("x", "1", goodput={"a": 1.0})
    for folder in (run, run.parent, tmp_path / "results" / "x", tmp_path):
        assert goodputs(folder) == [1.0]
    assert list(tmp_path.rglob(INDEX)) == []


def test_a_part_of_the_results_uses_the_index_of_all(home: Path) -> None:
    falsify_all(home)
    assert goodputs(home / "y") == [2.0]
    assert goodputs(home) == [1.0, 2.0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": '])
def test_a_damaged_run_is_left_out(home: Path, archive: Archive, text: str) -> None:
    (archive("w", "4") / "summary.json").write_text(text)
    assert goodputs(home) == [1.0, 2.0]


def test_what_is_still_being_written_is_not_there(home: Path, archive: Archive) -> None:
    archive("x", ".5")
    archive("x", "6", when=".20261122T110000Z-22222222.abc")
    assert len(documents(home)) == 2


def test_paths_are_told_as_they_were_asked(
    home: Path, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert all(document["folder"].startswith("results/") for document in documents(Path("results")))
    assert all(Path(document["folder"]).is_absolute() for document in documents(home))


def test_several_processes_make_one_index(archive: Archive, tmp_path: Path) -> None:
    for number in range(30):
        archive("x", f"{number:02}", goodput={"a": float(number)})
    code = (
        "import sys; from pathlib import Path; from testbed.store.index import documents;"
        "print(len(documents(Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "results")]
    asked = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in asked] == ["30"] * 4
    with closing(sqlite3.connect(tmp_path / "results" / INDEX)) as file:
        assert file.execute("SELECT count(*) FROM run").fetchone() == (30,)
