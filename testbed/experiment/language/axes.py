"""The axes of a sweep, and the values of each, as a file has them.

    matrix:
      tcp.rto_min: [200ms, 1s]
      links.path.loss: {range: [0%, 5%], step: 1%}
      links.path.delay: {range: [10ms, 100ms], points: 4}
      links.path.rate: {logspace: [1Mbit/s, 1Gbit/s], points: 4}
    zip:
      links.path.queue: [10 packets, 100 packets]
      tcp.receive_buffer: [64KiB, 1MiB]
    include:
      - {tcp.rto_min: 5s, links.path.loss: 20%}
    exclude:
      - {tcp.rto_min: 1s, links.path.loss: 5%}

Each combination of the values of `matrix` is run. The axes of a `zip` go on together: its first values, then its second
ones, and these pairs are combined with the rest as one axis would be; a list of mappings makes several such groups.
`exclude` takes away the combinations that have all the values of one of its entries, and `include` adds each of its
entries as one combination more; what such an entry does not name is as the file has it.

`range` goes by a `step`, or in so many `points`, and `logspace` in points each of which is the same number of times the
one before; the values between the two ends are rounded to what one would write.

`--set tcp.rto_min=200ms,1s` makes an axis too, in place of one of the same path, and for what is included as well. A
comma inside brackets or quotation marks separates no values. A setting that is a list, such as `drop`, is varied by
lists: `--set 'links.path.drop=[3],[the first FIN]'`. `--set` with one value fixes an axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from testbed.errors import ConfigProblem, UnitError
from testbed.experiment.language.document import Document, Path, Place, problem
from testbed.experiment.language.label import label
from testbed.experiment.language.reader import Reader, shown
from testbed.experiment.language.spread import MOST, linear, logarithmic
from testbed.units import Count

FORMS: Final = "[a, b], {range: [0%, 5%], step: 1%} or {logspace: [1ms, 1s], points: 4}"

NO_AXES: Final = ("repeat", "expect", "name")
BESIDE: Final = ("zip", "include", "exclude", "matrix")


@dataclass(frozen=True, kw_only=True)
class RangeKeys:
    """Values at equal distances."""

    range: Any
    """The first and the last value: `[0%, 5%]`."""

    step: Any = None
    """How far one is from the next."""

    points: Count | None = None
    """How many there are, in place of a step."""


@dataclass(frozen=True, kw_only=True)
class LogspaceKeys:
    """Values each of which is the same number of times the one before."""

    logspace: Any
    """The first and the last value: `[1Mbit/s, 1Gbit/s]`."""

    points: Count
    """How many there are."""


@dataclass(frozen=True)
class Axis:
    """A path, and the values that it is given one after another."""

    path: str
    values: tuple[Document, ...]
    place: Place
    """Where the path is written."""


Factor = tuple[Axis, ...]
"""Axes that go on together."""


class AxesReader:
    """Reads `matrix` and `zip`. `problems` holds what was wrong, and `names` all that were to be axes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen: dict[str, str] = {}
        self.names: set[str] = set()
        self.problems: list[ConfigProblem] = []

    def read(self) -> list[Factor]:
        """The factors of the product, in the order of the file."""
        factors = [(axis,) for axis in self._mapping(("matrix",))]
        written = self._document.at(("zip",))
        groups: list[Path] = [("zip",)]
        if isinstance(written, list):
            groups = [("zip", index) for index in range(len(written))]
        return factors + [group for path in groups if (group := self._group(path))]

    def _group(self, path: Path) -> Factor:
        axes = tuple(self._mapping(path))
        lengths = {axis.path: len(axis.values) for axis in axes}
        if len(set(lengths.values())) > 1:
            counted = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            self._problem(path, "axes that go on together have as many values each", counted)
            return ()
        rows = [
            tuple(label(axis.values[index].value) for axis in axes) for index in range(max(lengths.values(), default=0))
        ]
        twice = next((row for index, row in enumerate(rows) if row in rows[:index]), None)
        if twice is not None:
            self._problem(
                path, f"the values {', '.join(twice)} stand twice", "remove them once; 'repeat' runs them again"
            )
        return axes

    def _mapping(self, path: Path) -> list[Axis]:
        """The axes written at `path`."""
        mapping = self._document.at(path)
        if mapping is None:
            return []
        if not isinstance(mapping, dict):
            self._problem(path, f"is a mapping of paths to lists, not {shown(mapping)}")
            return []
        axes = [axis for name in mapping if (axis := self._axis((*path, name), name)) is not None]
        return [axis for axis in axes if axis.values]

    def _axis(self, path: Path, name: str) -> Axis | None:
        self.names.add(name)
        wrong = wrong_axis(name)
        if name in self._seen:
            wrong = f"{name!r} is an axis in {self._seen[name]!r} already", "an axis stands in one place"
        if wrong:
            self.problems.append(problem(self._document, path, *wrong, key=True))
            return None
        self._seen[name] = str(path[0])
        values = self._values(path, name)
        labels = [label(value.value) for value in values]
        twice = next((text for index, text in enumerate(labels) if text in labels[:index]), None)
        if twice is not None and path[0] == "matrix":
            self._problem(path, f"the value {twice} stands twice", "remove one; 'repeat' runs it again")
        return Axis(name, tuple(values), self._document.place(path, key=True))

    def _values(self, path: Path, name: str) -> list[Document]:
        written = self._document.at(path)
        if isinstance(written, list):
            if not written:
                self._problem(path, "an axis needs a value at least", f"{name}: [a, b]")
            return [self._document.part((*path, index)) for index in range(len(written))]
        if isinstance(written, dict) and "range" in written:
            return self._spread(path, RangeKeys)
        if isinstance(written, dict) and "logspace" in written:
            return self._spread(path, LogspaceKeys)
        remedy = FORMS if isinstance(written, dict) else f"{name}: [{label(written)}, …]"
        self._problem(path, f"an axis is a list of values, not {shown(written)}", remedy)
        return []

    def _spread(self, path: Path, keys: type) -> list[Document]:
        """The values of `range` or `logspace`."""
        reader = Reader(self._document)
        found: Any = reader.build(path, keys)
        self.problems += reader.problems
        if found is None:
            return []
        form = "range" if keys is RangeKeys else "logspace"
        ends = getattr(found, form)
        if not isinstance(ends, list) or len(ends) != 2:
            self._problem((*path, form), f"has two ends, the first value and the last, not {shown(ends)}", FORMS)
            return []
        if form == "range" and (found.step is None) == (found.points is None):
            self._problem(path, "a range has either a 'step' or 'points'", "step: 1%, or points: 6")
            return []
        if found.points is not None and not 2 <= found.points <= MOST:
            self._problem((*path, "points"), f"lies between 2 and {MOST}, not {found.points}")
            return []
        try:
            values = (
                linear(*ends, step=found.step, points=found.points)
                if form == "range"
                else logarithmic(*ends, points=found.points)
            )
        except UnitError as error:
            self._problem((*path, form), str(error))
            return []
        return [Document.constant(value, self._document.place((*path, form))) for value in values]

    def _problem(self, path: Path, message: str, suggestion: str = "") -> None:
        self.problems.append(problem(self._document, path, message, suggestion))


def wrong_axis(path: str) -> tuple[str, str] | None:
    """Why there can be no axis of that path, and what helps."""
    top = path.split(".")[0]
    if path in BESIDE:
        return f"{path!r} is no path of a value", f"'{path}' stands beside 'matrix', not in an axis's place"
    if top in NO_AXES:
        return f"{path!r} cannot be an axis", "sweep what is simulated"
    return None
