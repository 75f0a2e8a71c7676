"""Every file in `wrong/` ends with a comment that lists all its problems: place, path, message and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.errors import ConfigError
from testbed.experiment.reading.load import load

WRONG = sorted((Path(__file__).parent / "wrong").glob("*.yaml"))


def expected(file: Path) -> list[str]:
    _, _, listed = file.read_text(encoding="utf-8").partition("# problems:\n")
    return [line.removeprefix("#   ") for line in listed.splitlines()]


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_every_problem_is_found_at_once_with_its_place(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems] == expected(file)


def test_the_collection_is_there() -> None:
    assert len(WRONG) > 20
    assert all(expected(file) for file in WRONG)


def test_an_empty_file_says_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(ConfigError, match="the file is empty \\(begin with 'topology: …'"):
        load(tmp_path / "empty.yaml")


def test_problems_of_a_topology_file_carry_its_name(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("hosts: [a, b]\nlinks:\n  l: {ends: [a, b], rate: 5}\nfoo: 1\n")
    (tmp_path / "x.yaml").write_text("topology: net.yaml\nduration: 5\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "x.yaml")
    assert [(Path(one.file).name, one.line, one.column, one.path) for one in caught.value.problems] == [
        ("net.yaml", 3, 27, "links.l.rate"),
        ("net.yaml", 4, 1, "topology.foo"),
        ("x.yaml", 2, 11, "duration"),
    ]
