"""A sweep taken apart: every combination of the axes is a document of its own, and has a name and a seed.

The n-th repetition of every combination has the same seed (common random numbers), so that what differs between
two combinations is what was set, and not luck. The first repetition has the experiment's seed itself.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from testbed import seeds
from testbed.errors import ConfigProblem
from testbed.experiment.language.axes import AxesReader, Axis, Factor, wrong_axis
from testbed.experiment.language.document import Document, Path, Place, assign, nearest, problem
from testbed.experiment.language.label import label
from testbed.experiment.language.reader import shown
from testbed.experiment.language.repeat import MAX_RUNS

MAX_ID: Final = 150
"""Characters of a folder's name; file systems allow 255 bytes."""

Chosen = dict[str, tuple[Document, Place]]
"""A value for each axis, and where the axis is written."""


@dataclass(frozen=True, kw_only=True)
class Combination:
    """One choice of a value for each axis, put into the document."""

    params: dict[str, Any]
    document: Document


def combinations(
    document: Document, fixed: Mapping[str, Any] | None = None, swept: Sequence[Axis] = ()
) -> tuple[list[Combination], list[ConfigProblem]]:
    """Every combination in the order of the file, the last axis fastest, and what is wrong with the axes.

    An axis whose path is `fixed` is none: its value has been put in already. One of those that are `swept` stands in
    place of the file's, or comes after all of these. There is always one combination at least, so that the rest of the
    document can be read.
    """
    sweep = _Sweep(document, fixed or {}, swept)
    made: list[Combination] = []
    for chosen in sweep.chosen():
        copy = document.copy()
        for axis, (value, place) in chosen.items():
            sweep.problems += assign(copy, axis, value.copy(), place)
        made.append(Combination(params={axis: value.value for axis, (value, _) in chosen.items()}, document=copy))
    return made, sweep.problems


def settings_in(document: Document) -> list[dict[str, Any]]:
    """What each combination of the document itself sets the axes to, whatever the command line sets."""
    return [{axis: value.value for axis, (value, _) in chosen.items()} for chosen in _Sweep(document, {}, ()).chosen()]


class _Sweep:
    """What a document, and the command line, say is to be run."""

    def __init__(self, document: Document, fixed: Mapping[str, Any], swept: Sequence[Axis]) -> None:
        self._document = document
        self._fixed = fixed
        self._swept = {axis.path: axis for axis in swept}
        reader = AxesReader(document)
        written = reader.read()
        self.problems = reader.problems
        self._named = reader.names
        self._axes = {axis.path: axis for factor in written for axis in factor} | self._swept
        self._factors = [part for factor in written for part in self._set(factor)]
        self._factors += [(axis,) for axis in swept if all(axis.path != one.path for one in _flat(written))]
        self._only_included = not written and bool(document.at(("include",)))

    def _set(self, factor: Factor) -> list[Factor]:
        """What is left of a factor when the command line has taken what it sets."""
        kept = tuple(axis for axis in factor if axis.path not in self._fixed and axis.path not in self._swept)
        own = [(self._swept[axis.path],) for axis in factor if axis.path in self._swept]
        return [*([kept] if kept else []), *own]

    def chosen(self) -> list[Chosen]:
        """All combinations: the product without what is excluded, and what is included."""
        count = prod(len(factor[0].values) for factor in self._factors)
        if count > MAX_RUNS:
            self._problem(("matrix",), f"makes {count} combinations", f"at most {MAX_RUNS}")
            return [{}]
        product = [] if self._only_included else _without_repeats(_product(self._factors))
        made = self._exclude(product)
        made += self._include(made)
        if not made and not self.problems:
            self._problem(("exclude",), "leaves nothing to run", "remove an entry")
        return made or [{}]

    # -- exclude -----------------------------------------------------------------------------------------------------

    def _exclude(self, product: list[Chosen]) -> list[Chosen]:
        for path, entry in self._entries("exclude"):
            kept = [one for one in product if not self._is_excluded(one, entry)]
            unread = self._named - self._axes.keys()  # an axis that is wrong is told of already
            if len(kept) == len(product) and not entry.keys() & {*self._fixed, *self._swept, *unread}:
                self._excludes_nothing(path, entry)
            product = kept
        return product

    def _is_excluded(self, chosen: Chosen, entry: Mapping[str, Any]) -> bool:
        has = {**self._fixed, **{name: value.value for name, (value, _) in chosen.items()}}
        return all(name in has and label(has[name]) == label(value) for name, value in entry.items())

    def _excludes_nothing(self, path: Path, entry: Mapping[str, Any]) -> None:
        """Say why: an axis that is none, a value that it never has, or what another entry has excluded already."""
        for name, value in entry.items():
            if name not in self._axes:
                self._problem((*path, name), f"there is no axis {name!r}", nearest(name, self._axes), key=True)
                return
            known = [label(one.value) for one in self._axes[name].values]
            if label(value) not in known:
                self._problem((*path, name), f"{name} is never {label(value)}", nearest(label(value), known))
                return
        self._problem(path, "excludes nothing: these values never meet, or are excluded already", "remove it")

    # -- include -----------------------------------------------------------------------------------------------------

    def _include(self, before: Sequence[Chosen]) -> list[Chosen]:
        known = {_labels(one) for one in before}
        made: list[Chosen] = []
        for path, entry in self._entries("include"):
            wrong = [(name, *found) for name in entry if (found := wrong_axis(name)) is not None]
            for name, *told in wrong:
                self._problem((*path, name), *told, key=True)
            own: Chosen = {
                name: (self._document.part((*path, name)), self._document.place((*path, name), key=True))
                for name in entry
                if name not in self._fixed and name not in self._swept
            }
            for chosen in [] if wrong else _product([(axis,) for axis in self._swept.values()]):
                whole = self._ordered(own | chosen)
                if _labels(whole) not in known:
                    known.add(_labels(whole))
                    made.append(whole)
                elif len(own) == len(entry) and not self._fixed and not self._swept:
                    self._problem(path, "this combination is run already", "remove it; 'repeat' runs it again")
        return made

    def _ordered(self, chosen: Chosen) -> Chosen:
        """In the order of the axes, and then of the entry."""
        order = [*(axis for axis in self._axes if axis in chosen), *(axis for axis in chosen if axis not in self._axes)]
        return {axis: chosen[axis] for axis in order}

    # -- entries -----------------------------------------------------------------------------------------------------

    def _entries(self, key: str) -> Iterable[tuple[Path, dict[str, Any]]]:
        """The entries of `include` or `exclude`, and where each stands."""
        entries = self._document.at((key,))
        if entries is None:
            return
        example = f"{key}: [{{tcp.rto_min: 200ms, links.path.loss: 1%}}]"
        if not isinstance(entries, list):
            self._problem((key,), f"is a list of mappings, not {shown(entries)}", example)
            return
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict) or not entry:
                told = "an empty one" if entry == {} else shown(entry)
                self._problem((key, index), f"is a mapping of paths to values, not {told}", example)
            else:
                yield (key, index), entry

    def _problem(self, path: Path, message: str, suggestion: str = "", *, key: bool = False) -> None:
        self.problems.append(problem(self._document, path, message, suggestion, key=key))


def _flat(factors: Iterable[Factor]) -> list[Axis]:
    return [axis for factor in factors for axis in factor]


def _product(factors: Sequence[Factor]) -> list[Chosen]:
    """Every combination of the factors' steps; one without anything where there are no factors."""
    rows = itertools.product(*(range(len(factor[0].values)) for factor in factors))
    return [
        {
            axis.path: (axis.values[index], axis.place)
            for factor, index in zip(factors, row, strict=True)
            for axis in factor
        }
        for row in rows
    ]


def _labels(chosen: Chosen) -> frozenset[tuple[str, str]]:
    return frozenset((axis, label(value.value)) for axis, (value, _) in chosen.items())


def _without_repeats(product: list[Chosen]) -> list[Chosen]:
    """When the command line fixes an axis of a `zip`, what is left of it may come twice."""
    return list({_labels(one): one for one in reversed(product)}.values())[::-1]


def seed_of(seed: int, repeat: int) -> int:
    """The seed of a repetition, counted from 1."""
    return seed if repeat == 1 else seeds.derive(seed, f"repeat={repeat}")


# -- names ------------------------------------------------------------------------------------------------------------


def run_id(params: dict[str, Any], repeat: int, repeats: int) -> str:
    """The name of a run's folder: `tcp.rto_min=200ms,repeat=3`; `run` when there is only one.

    What cannot stand in a name is replaced: `10Mbit_s`, `100_packets`. Where that is more than a quantity's own space
    and stroke, a digest keeps apart what may look alike, such as `5 s` and `5µs`.
    """
    parts = [f"{axis}={label(value)}" for axis, value in params.items()]
    if repeats > 1:
        parts.append(f"repeat={repeat:0{len(str(repeats))}}")
    text = ",".join(parts) or "run"
    usual = re.sub(r"(?<=bit)/(?=s)|(?<=\d) (?=[A-Za-z%])", "_", text)
    safe = re.sub(r"[^A-Za-z0-9._=,%+-]", "_", usual.replace("µ", "u"))
    if len(safe) > MAX_ID or safe != usual:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{safe[: MAX_ID - 9]}-{digest}"
    return safe
