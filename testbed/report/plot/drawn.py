"""Pictures that are drawn by hand, not by matplotlib: they are SVG, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testbed.report.connection.choice import choose, read_exchange
from testbed.report.plot.plot import Document, Options, Plot
from testbed.report.svg import ladder_svg, state_diagram


class Drawing(str):
    """SVG that a notebook shows as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


class Drawn(Plot):
    """A plot that is SVG."""

    formats = ("svg",)
    single = True

    def encode(self, picture: Any, runs: Sequence[Document], form: str) -> bytes:
        return str(picture).encode()


class LadderDrawing(Drawn):
    """A connection's exchange: time downwards, both hosts' states, an arrow a segment. Also `testbed ladder --svg`."""

    kinds = ("segment",)

    def picture(self, runs: Sequence[Document], options: Options) -> Drawing:
        folder = Path(runs[0]["folder"])
        connection = choose(folder, options.flow)
        return Drawing(ladder_svg(read_exchange(folder, connection), title=connection))


class StatesDrawing(Drawn):
    """The state diagram of RFC 9293 with the path that both ends of a connection took."""

    kinds = ("state",)

    def picture(self, runs: Sequence[Document], options: Options) -> Drawing:
        return Drawing(state_diagram(Path(runs[0]["folder"]), options.flow))
