"""Axes that advance together, as `zip` and `include` make them: none of these can be compared while the others stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, str]
"""A run's value on each axis."""

Axes = tuple[str, ...]


def factor(by: Sequence[str], axes: Sequence[str], rows: Sequence[Row]) -> tuple[Axes, Axes]:
    """What has to be compared for `by` to be: these axes with those that are needed to tell the settings apart, and
    those that then go along, for their values are told by the others'.

    With a delay of 10, 10, 50 and 50 ms beside queues of 4, 34, 22 and 172 packets, runs of two delays never have the
    same queue: the delay is compared together with the queue, and with the queue, the delay goes along.
    """
    rows = _each_once(axes, rows)
    chosen, along = list(by), list[str]()
    left = [axis for axis in axes if axis not in chosen]
    while left:
        told = [axis for axis in left if _tell(chosen, axis, rows)]
        needed = [axis for axis in left if axis not in told and any(_tell([axis], one, rows) for one in chosen)]
        if not told and not needed:
            break
        along += told
        chosen += needed[:1]
        left = [axis for axis in left if axis not in (*told, *needed[:1])]
    return tuple(chosen), tuple(along)


def factors(axes: Sequence[str], rows: Sequence[Row]) -> list[tuple[Axes, Axes]]:
    """All of them, each axis in one only."""
    rows = _each_once(axes, rows)
    found: list[tuple[Axes, Axes]] = []
    for axis in axes:
        if not any(axis in (*chosen, *along) for chosen, along in found):
            found.append(factor([axis], axes, rows))
    return found


def telling(axes: Sequence[str], rows: Sequence[Row]) -> Axes:
    """The axes that suffice to tell the settings apart: those that vary, and of those that advance together no more
    than are needed.
    """
    varying = [axis for axis in axes if len({row[axis] for row in rows}) > 1]
    enough = {axis for chosen, _ in factors(varying, rows) for axis in chosen}
    return tuple(axis for axis in varying if axis in enough)


def _each_once(axes: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    return [dict(zip(axes, values, strict=True)) for values in {tuple(row[axis] for axis in axes) for row in rows}]


def _tell(some: Sequence[str], axis: str, rows: Sequence[Row]) -> bool:
    """Whether the values of some axes tell that of another."""
    return len({tuple(row[one] for one in some) for row in rows}) == len(
        {(*(row[one] for one in some), row[axis]) for row in rows}
    )
