"""FreeBSD's packetdrill scripts against our TCP (freebsd/LICENSE.md is theirs); `table.py` prints the summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from packetdrill.corpus import HERE, exceptions, judge, scripts

SUITE = "freebsd"
REASONS = exceptions(SUITE)

NEAR_THE_WRAP = {"as they come": {}, "numbers wrap": {"initial_sequence": 2**32 - 1, "remote_sequence": 2**32 - 50}}


def name_of_script(path: Path) -> str:
    return path.relative_to(HERE / SUITE).with_suffix("").as_posix()


@pytest.mark.parametrize("sequence_numbers", NEAR_THE_WRAP.values(), ids=NEAR_THE_WRAP.keys())
@pytest.mark.parametrize("path", scripts(SUITE), ids=name_of_script)
def test_script(path: Path, sequence_numbers: dict[str, int]) -> None:
    verdict = judge(path, SUITE, REASONS, **sequence_numbers)
    if verdict.outcome == "exception":
        pytest.xfail(verdict.text)
    assert verdict.outcome == "pass", verdict.text
