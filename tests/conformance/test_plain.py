"""Stories of our own in packetdrill's language: the scripts of plain/, timed exactly and with no packet unexpected."""

from __future__ import annotations

from pathlib import Path

import pytest
from packetdrill.corpus import play, scripts
from packetdrill.plain import Plain

NUMBERS = {"plain numbers": (None, 0), "numbers wrap": (2**32 - 1, 2**32 - 1)}


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("path", scripts("plain"), ids=lambda path: path.stem)
def test_story(path: Path, numbers: tuple[int | None, int]) -> None:
    ours, theirs = numbers
    play(path, Plain, initial_sequence=ours, remote_sequence=theirs, tolerance=0, strict_end=True)
