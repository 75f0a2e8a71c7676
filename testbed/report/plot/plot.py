"""What a plot is, and what can be asked of it. Importing this imports no matplotlib."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from testbed.errors import ConfigError
from testbed.trace import store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = Mapping[str, Any]
"""A run's document, as `testbed run --json` prints it."""

FORMATS: Final = ("svg", "pdf", "png")

COLUMN: Final = 3.4
"""Width of a paper's column (inches)."""

LISTED: Final = 6
"""How many names an error gives."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be asked of a plot. What does not concern it is ignored."""

    flow: str | None = None
    """A flow, a connection, or one end of one: `a`, `a/2`, `a · left1`. None: all."""
    link: str | None = None
    """A link, or one direction of it: `bottleneck`, `bottleneck.reverse`. None: all on which anything waited."""
    begin: float | None = None
    """Show from here (s) …"""
    end: float | None = None
    """… to here (s)."""
    metric: str | None = None
    """Which number of a flow, where a plot shows any of them."""
    by: tuple[str, ...] = ()
    """The axes of the sweep that make a setting. None: all that have more than one value."""
    logarithmic: bool = False
    """The axis of the metric by powers of ten."""
    width: float = COLUMN
    """inches"""
    height: float | None = None
    """inches; None: what suits the plot."""


class Plot(ABC):
    """A picture of runs. Its docstring's first line is what `testbed list plots` says."""

    kinds: ClassVar[tuple[str, ...]] = ()
    """Rows that it is drawn of: it can be drawn when there are any of these."""
    single: ClassVar[bool] = False
    """Whether it shows one run, and not several."""
    formats: ClassVar[tuple[str, ...]] = FORMATS

    def draw(self, runs: Sequence[Document], options: Options) -> Any:
        """The picture, which a notebook shows. Raises ConfigError for runs that it cannot be drawn of."""
        self.check(runs)
        return self.picture(runs, options)

    def render(self, runs: Sequence[Document], options: Options, form: str) -> bytes:
        """The picture as a file of one of `formats`: equal runs, equal bytes."""
        if form not in self.formats:
            known = ", ".join(self.formats)
            raise ConfigError.of(f"this picture cannot be written as {form!r}", suggestion=f"it can be as: {known}")
        return self.encode(self.draw(runs, options), runs, form)

    @abstractmethod
    def picture(self, runs: Sequence[Document], options: Options) -> Any:
        """`draw`, for runs that have been checked."""

    @abstractmethod
    def encode(self, picture: Any, runs: Sequence[Document], form: str) -> bytes:
        """A picture as bytes."""

    def check(self, runs: Sequence[Document]) -> None:
        """Raise ConfigError for no run, for several where one is shown, and for rows that were not recorded."""
        if not runs:
            raise ConfigError.of(
                "there is no run to draw", suggestion="run one: testbed run experiments/quickstart.yaml"
            )
        if self.single and len(runs) > 1:
            named = "".join(f"\n  {run['folder']}" for run in runs[:LISTED])
            more = f"\n  … {len(runs) - LISTED} more" if len(runs) > LISTED else ""
            raise ConfigError.of(
                f"this picture shows one run, and here are {len(runs)}; name one of them:{named}{more}"
            )
        for run in runs if self.kinds else ():
            there = store.kinds(Path(run["folder"]))
            if not set(self.kinds) & set(there):
                raise _not_recorded(str(run["folder"]), self.kinds)


class Chart(Plot):
    """A plot that matplotlib draws."""

    shape: ClassVar[float] = 0.62
    """Height by width, unless asked otherwise."""

    def picture(self, runs: Sequence[Document], options: Options) -> Figure:
        from testbed.report.plot.picture import house_style, new_picture

        with house_style():
            figure = new_picture(options.width, options.height or options.width * self.shape)
            self.fill(figure, runs, options)
        return figure

    def encode(self, picture: Any, runs: Sequence[Document], form: str) -> bytes:
        from testbed.report.plot.picture import to_bytes

        return to_bytes(picture, form, title_of(runs))

    @abstractmethod
    def fill(self, figure: Figure, runs: Sequence[Document], options: Options) -> None:
        """Draw into an empty figure."""


def title_of(runs: Sequence[Document]) -> str:
    """What a file says of whence it came: the experiment and the run."""
    first = runs[0]
    return f"{first['name']}, {first['id']}" if len(runs) == 1 else f"{first['name']}, {len(runs)} runs"


def _not_recorded(folder: str, kinds: Sequence[str]) -> ConfigError:
    if not Path(folder).is_dir():
        return ConfigError.of(
            "the run's folder is no longer there", file=folder, suggestion="give `results` a folder to keep"
        )
    switches = ", ".join(f"{kind}: true" for kind in kinds)
    either = "one of these" if len(kinds) > 1 else "it"
    return ConfigError.of(
        f"no {' or '.join(map(repr, kinds))} rows were recorded here",
        file=folder,
        suggestion=f"switch {either} on in the experiment, `trace: {{{switches}}}`, and run it again",
    )
