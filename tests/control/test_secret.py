"""Where the secret comes from, and that it is well kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.control.secret import VARIABLE, find_secret, make_secret
from testbed.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text("a secret of some length\n")
    return path


def test_a_file_comes_before_the_environment(file: Path) -> None:
    assert find_secret(file, {VARIABLE: "another of some length"}) == b"a secret of some length"


def test_what_was_in_the_environment_is_there_no_more() -> None:
    environment = {VARIABLE: make_secret(), "HOME": "/"}
    assert len(find_secret(None, environment)) == 64
    assert environment == {"HOME": "/"}


def test_without_one_the_remedy_is_told() -> None:
    with pytest.raises(ConfigError, match=r"no secret: use --secret-file, or set TESTBED_SECRET \(make one: .*openssl"):
        find_secret(None, {})


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=f"others may read this secret .chmod 600 {file}"):
        find_secret(file, {})


@pytest.mark.parametrize("text", ["", "\n", "password"])
def test_a_word_is_not_enough(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match="at least 16"):
        find_secret(file, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere: cannot be read: No such file"):
        find_secret(tmp_path / "nowhere", {})
