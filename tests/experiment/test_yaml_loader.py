"""Text to values: YAML 1.2's scalars, places, and what is wrong with a file, with either of PyYAML's parsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.errors import ConfigError
from testbed.experiment.language.yaml_loader import MAX_DEPTH, load, loads, read_value

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("10:30", "10:30"), ("1_000", "1_000"), ("<<", "<<"),
        ("1e3", 1000.0), ("1e-4", 0.0001), ("012", 12), ("0x1F", 31), ("0o17", 15), (".5", 0.5), ("-3", -3),
        ("2024-01-02", "2024-01-02"), ("~", None), ("", None), ("null", None), ("true", True), ("False", False),
        ("'1'", "1"), ('"true"', "true"),
        ("10Mbit/s", "10Mbit/s"), ("1%", "1%"), (".inf", float("inf")), ("!!str 5", "5"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(loader: Any, text: str, value: Any) -> None:
    read = loads(f"key: {text}", "x", loader=loader).value["key"]
    assert read == value
    assert type(read) is type(value)


def test_every_key_and_value_knows_its_place(loader: Any) -> None:
    document = loads("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "x.yaml", loader=loader)
    assert document.place(("b", 1, "d")) == ("x.yaml", 5, 9)
    assert document.place(("b", 1, "d"), key=True) == ("x.yaml", 5, 6)
    assert document.place(("b", 0)) == ("x.yaml", 3, 5)
    assert document.place(("b", 7, "nothing")) == ("x.yaml", 3, 3), "the nearest thing around it"


def test_a_repeated_key_is_a_problem_that_names_both_lines(loader: Any) -> None:
    document = loads("a: 1\nb: {c: 1, c: 2}\na: 3\n", "x", loader=loader)
    assert [str(problem) for problem in document.problems] == [
        "x:2:11: b.c: repeated key 'c': first on line 2, again on line 2 (remove one of them)",
        "x:3:1: a: repeated key 'a': first on line 1, again on line 3 (remove one of them)",
    ]


def test_an_alias_means_what_its_anchor_says(loader: Any) -> None:
    assert loads("a: &x {b: [1]}\nc: *x\n", "x", loader=loader).value == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_repeated_aliases_cannot_fill_the_memory(loader: Any) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    problems = loads("\n".join(lines), "x", loader=loader).problems
    assert "aliases repeat too much" in str(problems[0])


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_deep_nesting_is_refused_and_does_not_crash(loader: Any, opening: str, closing: str) -> None:
    with pytest.raises(ConfigError, match=f"nested more than {MAX_DEPTH} deep"):
        loads(opening * 200_000 + closing * 200_000, "x", loader=loader)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2\nb: 3\n", "x:2:2"),
        ("a:\n\tb: 1\n", "x:2:1"),
        ("a: 'open\n", "x:2:1"),
        ("a: *nobody\n", "x:1:4"),
        ("? [a]\n: 1\n? {b: c}\n: 2", "x:1:3"),
        ("1: a", "x:1:1"),
        ("a: !!binary abc", "x:1:4"),
        ("a: \x01", "x:1:4"),
        ("a: 1\n---\nb: 2", "x:2:1"),
        ("a: " + "9" * 5000, "x:1:4"),
    ],
)
def test_what_is_no_yaml_of_ours_has_its_place(loader: Any, text: str, place: str) -> None:
    try:
        problems = loads(text, "x", loader=loader).problems
    except ConfigError as error:
        problems = error.problems
    assert str(problems[0]).startswith(f"{place}: "), problems[0]


def test_a_file_that_is_not_utf_8_has_the_place_of_its_first_bad_byte(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes("name: ä\nother: b".encode() + b"\xe4r\n")
    with pytest.raises(ConfigError, match=r"x\.yaml:2:9: byte 0xe4 is not UTF-8 text \(save the file as UTF-8\)"):
        load(tmp_path / "x.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfname: a\n")
    assert load(tmp_path / "x.yaml").value == {"name": "a"}


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match=r"no such file \(in that folder: .*quickstart\.yaml\)"):
        load(tmp_path / "quikstart.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(("text", "value"), [("200ms", "200ms"), ("{a: [1, true]}", {"a": [1, True]}), ("", None)])
def test_a_value_of_the_command_line_reads_as_in_a_file(text: str, value: Any) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize("text", ["[1", "a: b: c", "{a: 1, a: 2}"])
def test_a_value_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not YAML|repeated key"):
        read_value(text)
