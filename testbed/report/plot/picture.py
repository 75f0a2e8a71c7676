"""The house's look, and how a figure becomes the same bytes every time. Imports matplotlib, but never pyplot: no state
is shared between figures.
"""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

STYLE: Final[dict[str, Any]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.visible": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "svg.fonttype": "none",  # text stays text: selectable, and searched for
    "svg.hashsalt": "testbed",  # ids that are the same every time
    "pdf.fonttype": 42,
    "axes.formatter.useoffset": False,
}

METADATA: Final[dict[str, dict[str, Any]]] = {
    "svg": {"Date": None, "Creator": "testbed"},
    "pdf": {"CreationDate": None, "Creator": "testbed", "Producer": None},
    "png": {"Software": "testbed"},
}
"""No dates: the same runs give the same file."""


class Picture(Figure):
    """A figure in the house's look, whatever the look of the notebook that shows it."""

    def draw(self, renderer: Any) -> None:
        with house_style():
            super().draw(renderer)

    def savefig(self, fname: Any, **settings: Any) -> None:
        with house_style():
            super().savefig(fname, **settings)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        return to_bytes(self, "png", "")


def house_style() -> AbstractContextManager[None]:
    return rc_context(STYLE)  # type: ignore[arg-type]  # its keys are texts like any others


def new_picture(width: float, height: float) -> Picture:
    """An empty one, of this size in inches."""
    figure = Picture(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03))
    FigureCanvasAgg(figure)
    return figure


def to_bytes(figure: Figure, form: str, title: str) -> bytes:
    """The file: `form` is "svg", "pdf" or "png"."""
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=form, metadata={**METADATA[form], **({"Title": title} if title else {})})
    return buffer.getvalue()
