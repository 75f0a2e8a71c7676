"""What the command line, or Python, sets: values that stand in place of the file's, and axes.

`--set tcp.rto_min=200ms` is a value, `--set tcp.rto_min=200ms,1s` an axis, as is `{"tcp.rto_min": ["200ms", "1s"]}`
from Python. Whether a list is one value or several is for the type of the setting to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from testbed.errors import ConfigProblem
from testbed.experiment.language import yaml_loader
from testbed.experiment.language.axes import Axis, wrong_axis
from testbed.experiment.language.document import Document, Path, Place, assign
from testbed.experiment.language.label import label
from testbed.experiment.language.pieces import pieces

LIST: Final = "a list"
TEXT: Final = "a text"

Holds = Callable[[Document, Path], str]
"""What the setting at a path holds: LIST, TEXT, or "" where it can be neither."""


class Overrides(NamedTuple):
    """What was set, taken apart: one value a path, or an axis; and what was wrong."""

    fixed: dict[str, Any]
    axes: list[Axis]
    problems: list[ConfigProblem]


def put_in(document: Document, overrides: Mapping[str, Any], holds: Holds) -> Overrides:
    """Put the values into the document, and return the axes, which are not. A text is read as YAML would read it."""
    found = Overrides({}, [], [])
    for name, given in overrides.items():
        value = _plain(given)
        place = Place(f"--set {name}={value if isinstance(value, str) else label(value)}", 0, 0)
        try:
            several = _alternatives(value, holds(document, tuple(name.split("."))))
            read = value if several is not None or not isinstance(value, str) else yaml_loader.read_value(value)
        except ValueError as error:
            found.problems.append(_problem(name, place, str(error), "put quotes around it"))
            continue
        if several is None:
            found.fixed[name] = read
            found.problems.extend(assign(document, name, Document.constant(read, place), place))
        else:
            _add_axis(found, name, several, place)
    return found


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy, as Python has them."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _alternatives(value: Any, held: str) -> list[Any] | None:
    """The values of an axis; None for a single value. Raises ValueError for what is no YAML."""
    if isinstance(value, str):
        parts = [part.strip() for part in pieces(value)]
        if len(parts) > 1 and all(part.startswith(_BEGINS[held]) for part in parts):
            return [yaml_loader.read_value(part) for part in parts]
        if not value.lstrip().startswith("["):
            return None
        value = yaml_loader.read_value(value)
    elif isinstance(value, list | tuple):
        value = [yaml_loader.read_value(one) if isinstance(one, str) else one for one in value]
    if not isinstance(value, list | tuple) or (
        held == LIST and not (value and all(isinstance(one, list | tuple) for one in value))
    ):
        return None
    return [list(one) if isinstance(one, tuple) else one for one in value]


_BEGINS: Final[dict[str, tuple[str, ...]]] = {LIST: ("[",), TEXT: ("'", '"'), "": ("",)}
"""How each of several values begins, lest one value with a comma in it be taken for several."""


def _add_axis(found: Overrides, name: str, values: list[Any], place: Place) -> None:
    labels = [label(value) for value in values]
    twice = next((text for index, text in enumerate(labels) if text in labels[:index]), None)
    wrong = wrong_axis(name)
    if not values or None in values:
        wrong = "an axis has a value before and after each comma", f"{name}=a,b"
    elif twice is not None:
        wrong = f"the value {twice} stands twice", "remove one; 'repeat' runs it again"
    if wrong:
        found.problems.append(_problem(name, place, *wrong))
        return
    found.axes.append(Axis(name, tuple(Document.constant(value, place) for value in values), place))


def _problem(name: str, place: Place, message: str, suggestion: str) -> ConfigProblem:
    return ConfigProblem(message, file=place.file, path=name, suggestion=suggestion)
