"""A file is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.trace.files import whole


def test_a_whole_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    with whole(path) as temporary:
        temporary.write_text("{}")
        assert not path.exists()
    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_failed_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("before")
    with pytest.raises(OSError, match="full"), whole(path) as temporary:
        temporary.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_the_systems_error(tmp_path: Path) -> None:
    from polars.exceptions import ComputeError

    from testbed.trace.store import disk_errors

    with pytest.raises(OSError, match="No space left") as caught, disk_errors(tmp_path / "state.parquet"):
        raise ComputeError("No space left on device (os error 28)")
    assert caught.value.filename == str(tmp_path / "state.parquet")
