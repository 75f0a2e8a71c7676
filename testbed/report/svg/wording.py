"""Where an arrow's label stands, so that it touches no other label, and if it can be no other arrow.

A label lies along its arrow, above it. Many places and lengths are tried, the longest words in the middle first; words
are left out (`report.connection.labels`) before any would touch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import atan2, cos, degrees, hypot, radians, sin
from typing import Final, NamedTuple

from testbed.report.svg.canvas import MONO_WIDTH, text_box
from testbed.report.svg.geometry import Box, Spot, between, touch

SIZE: Final = 11.0
"""Of the letters."""

ABOVE: Final = 4.5
"""From the arrow to the letters."""

EDGE: Final = 12.0
"""What is left free at an arrow's ends."""

APART: Final = 4.0
"""What is left free between a label and an arrow that is not its own, if it can be."""

BAND: Final = 60.0
"""Height of a band."""

SHARES: Final = (1.0, 0.8, 0.62, 0.5, 0.4, 0.32, 0.24)
"""Lengths that are tried, of the whole arrow's."""

PLACES: Final = (0.5, 0.42, 0.58, 0.33, 0.67, 0.25, 0.75, 0.16, 0.84, 0.0, 1.0)
"""Where along the way, of what room there is; counted from where the segment was sent."""

EVERYWHERE: Final = tuple(share / 40 for share in range(41))
"""Where the shortest words are tried at last."""


class Shaft(NamedTuple):
    """An arrow's line as it is drawn."""

    begin: Spot
    end: Spot

    @property
    def length(self) -> float:
        return hypot(self.end[0] - self.begin[0], self.end[1] - self.begin[1])

    @property
    def reading(self) -> float:
        """The angle at which a text along it reads from left to right (degrees)."""
        left, right = sorted((self.begin, self.end))
        return degrees(atan2(right[1] - left[1], right[0] - left[0]))

    @property
    def direction(self) -> float:
        """Where it points (degrees)."""
        return degrees(atan2(self.end[1] - self.begin[1], self.end[0] - self.begin[0]))

    @property
    def room(self) -> int:
        """Signs that fit along it."""
        return max(3, int((self.length - 2 * EDGE) / (SIZE * MONO_WIDTH)))


class Place(NamedTuple):
    """A label, where its baseline's middle is, and how it is turned."""

    words: str
    spot: Spot
    angle: float
    box: Box


class Taken:
    """What stands already: boxes that must not be touched, and lines that should not be. Kept by bands of the drawing,
    so that only neighbours are looked at.
    """

    def __init__(self, shafts: Sequence[Shaft]) -> None:
        self._boxes: dict[int, list[Box]] = {}
        self._shafts: dict[int, list[Shaft]] = {}
        for shaft in shafts:
            for band in _bands(shaft.begin[1], shaft.end[1]):
                self._shafts.setdefault(band, []).append(shaft)

    def add(self, box: Box) -> None:
        for band in _bands(*_span(box)):
            self._boxes.setdefault(band, []).append(box)

    def free(self, box: Box) -> bool:
        """Whether it touches no text."""
        corners = box.corners
        near = (one for band in _bands(*_span(box)) for one in self._boxes.get(band, ()))
        return not any(touch(corners, one.corners) for one in near)

    def clear(self, box: Box, own: Shaft) -> bool:
        """Whether it stays away from every other arrow."""
        wider = box._replace(width=box.width + 2 * APART, height=box.height + APART)
        corners = wider.corners
        near = (one for band in _bands(*_span(wider)) for one in self._shafts.get(band, ()) if one != own)
        return not any(touch(corners, (shaft.begin, shaft.end)) for shaft in near)


def _span(box: Box) -> Spot:
    """From its highest corner to its lowest."""
    heights = [y for _, y in box.corners]
    return min(heights), max(heights)


def _bands(top: float, bottom: float) -> range:
    return range(int(top // BAND), int(bottom // BAND) + 1)


def settle(shaft: Shaft, wordings: Sequence[str], taken: Taken) -> Place | None:
    """The best place for the best of these wordings, from the fullest to the shortest: free of texts and of arrows, or
    else free of texts. None: there is no room at all.
    """
    spare: Place | None = None
    for place in _places(shaft, wordings):
        if not taken.free(place.box):
            continue
        if taken.clear(place.box, shaft):
            return place
        spare = spare or place
    return spare


def _places(shaft: Shaft, wordings: Sequence[str]) -> Iterator[Place]:
    for number, words in enumerate(wordings, 1):
        half = len(words) * SIZE * MONO_WIDTH / 2
        free = shaft.length - 2 * EDGE - 2 * half
        places = PLACES if number < len(wordings) else (*PLACES, *EVERYWHERE)
        for share in places if free > 0 else PLACES[:1]:
            along = (EDGE + half + share * max(free, 0.0)) / shaft.length if free > 0 else 0.5
            yield _place(shaft, words, along)


def _place(shaft: Shaft, words: str, along: float) -> Place:
    angle, (x, y) = shaft.reading, between(shaft.begin, shaft.end, along)
    turn = radians(angle)
    spot = (x + ABOVE * sin(turn), y - ABOVE * cos(turn))
    return Place(words, spot, angle, text_box(words, spot, size=SIZE, anchor="middle", width=MONO_WIDTH, angle=angle))
