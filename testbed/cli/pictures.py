"""`testbed report`, `plot`, `ladder` and `states`: pages and pictures of runs, in the terminal and as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

FORMATS = ("svg", "pdf", "png")

INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "": 1.0}

_OUTPUT = click.option("--output", "-o", metavar="FILE", help="Where to write it; `-` is the standard output.")


class _Time(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """A time of the run: `1.5s`; the answer is in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from testbed.errors import UnitError
        from testbed.units import duration

        try:
            return duration(value) / 1e9
        except UnitError as error:
            self.fail(str(error), param, ctx)


class _Length(click.ParamType):  # type: ignore[type-arg]
    """A length on paper: `3.4in`, `86mm`; the answer is in inches."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        unit = next((unit for unit in INCHES if unit and text.endswith(unit)), "")
        try:
            inches = float(text.removesuffix(unit)) * INCHES[unit]
        except ValueError:
            self.fail(f"a length is a number and in, mm or cm, e.g. 3.4in, not {text!r}", param, ctx)
        if not 0.5 <= inches <= 100:
            self.fail(f"a picture is 0.5 to 100 inches wide, not {inches:g}", param, ctx)
        return inches


@click.command(epilog="\b\nExample:\n  testbed report latest\n")
@click.argument("runs", nargs=-1, required=True)
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Where to write it. Absent: report.html in the folder of the run or the experiment.")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show it in the browser.")
def report(runs: tuple[str, ...], output: Path | None, show: bool) -> None:
    """Write one self-contained HTML page about a run or a sweep, readable offline.

    RUNS are folders of runs or of experiments, any folders above such, or `latest`. One run becomes a page with
    charts over time; several become a page that compares their settings. The page's path is printed.
    """
    from testbed.report.page.report import write_report

    page = write_report(list(runs), output)
    click.echo(page)
    if show:
        click.launch(str(page))


@click.command(
    epilog="\b\nExamples:\n  testbed plot latest cwnd\n  testbed plot latest rtt --flow a --from 1s --to 3s -o a.pdf\n"
    "  testbed plot latest box --metric completion_time --by tcp.congestion\n"
)
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.argument("name")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Of the file; as its name says, or else svg.")
@_OUTPUT
@click.option("--flow", metavar="NAME", help="Which flow, connection or end of one: a, a/2, 'a · left1'.")
@click.option("--link", metavar="NAME", help="Which link, or direction of it: bottleneck, bottleneck.reverse.")
@click.option("--from", "begin", metavar="TIME", type=_Time(), help="Show from here, such as 1.5s.")
@click.option("--to", "end", metavar="TIME", type=_Time(), help="Show to here.")
@click.option(
    "--metric", metavar="NAME", help="Which number of many runs: goodput, rtt_mean, jain; of time-series cwnd, …"
)
@click.option("--by", multiple=True, metavar="PATH", help="An axis of the sweep that makes a setting; repeatable.")
@click.option("--log", "logarithmic", is_flag=True, help="The metric's axis by powers of ten.")
@click.option("--width", metavar="LENGTH", type=_Length(), default="3.4in", show_default=True,
              help="A paper's column; 7in is both. In in, mm or cm.")  # fmt: skip
@click.option("--height", metavar="LENGTH", type=_Length(), help="What suits the plot if not said.")
def plot(runs: tuple[str, ...], name: str, form: str | None, output: str | None, **asked: Any) -> None:
    """Draw a picture of one run or of many, for a paper.

    RUNS are runs' folders, folders that hold runs, or `latest`; NAME is one of `testbed list plots`. The file is
    called as the plot, unless --output says otherwise.
    """
    from testbed.report.plots import PLOTS, plot_of, render
    from testbed.store.folder import find_runs, read_runs

    if name not in PLOTS and runs[0] in PLOTS:
        raise click.UsageError(f"the plot comes last: testbed plot {' '.join([*runs[1:], name])} {runs[0]}")
    plot_of(name)  # a wrong name is told before runs are looked for
    form = form or _format_of(output)
    _write(render(name, read_runs(find_runs(runs)), form, **asked), output, f"{name}.{form}")


@click.command(epilog="\b\nExamples:\n  testbed ladder latest --flow a --limit 30\n  testbed ladder latest --svg\n")
@click.argument("run")
@click.option("--flow", "connection", metavar="NAME", help="Which flow, or connection: a, or a/2 for its second.")
@click.option("--limit", metavar="N", type=click.IntRange(min=2), default=60, show_default=True,
              help="Events to show at most: the first and the last.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Show all, however many.")
@click.option("--absolute", is_flag=True, help="Numbers as on the wire, not counted from the SYN.")
@click.option("--svg", is_flag=True, help="Draw it into a file: the textbook's figure, of this run.")
@_OUTPUT
def ladder(
    run: str, connection: str | None, limit: int, everything: bool, absolute: bool, svg: bool, output: str | None
) -> None:
    """A connection's exchange, drawn segment by segment.

    RUN is a run's folder, a folder that holds one run, or `latest`. Both hosts stand side by side with their
    states; time runs down; each end of an arrow has its own time; a lost segment ends in ✗ with the reason.
    With --svg the drawing is a file, ladder.svg unless --output says otherwise.
    """
    from testbed.report.connection.choice import choose, connections, read_exchange
    from testbed.store.folder import find_run

    folder = find_run(run)
    chosen = choose(folder, connection)
    exchange, most = read_exchange(folder, chosen), None if everything else limit
    if svg or output:
        from testbed.report.svg import ladder_svg

        _write(ladder_svg(exchange, title=chosen, absolute=absolute, limit=most).encode(), output, "ladder.svg")
    else:
        _show_ladder(exchange, chosen, absolute, most)
    others = [label for label in connections(folder) if label != chosen]
    if others and connection is None:
        click.echo(f"other connections, for --flow: {', '.join(others)}", err=True)


@click.command(epilog="\b\nExamples:\n  testbed states latest\n  testbed states latest --svg\n")
@click.argument("run")
@click.option("--flow", "connection", metavar="NAME", help="Which flow, or connection: a, or a/2 for its second.")
@click.option("--svg", is_flag=True, help="Draw RFC 9293's state diagram with the path into a file.")
@_OUTPUT
def states(run: str, connection: str | None, svg: bool, output: str | None) -> None:
    """The states that both ends of a connection went through, and why.

    RUN is a run's folder, a folder that holds one run, or `latest`. With --svg the path is drawn into the state
    diagram of RFC 9293 (figure 5), a file called states.svg unless --output says otherwise.
    """
    from testbed.report.connection.states import path_lines
    from testbed.store.folder import find_run

    folder = find_run(run)
    if svg or output:
        from testbed.report.svg import state_diagram

        _write(state_diagram(folder, connection).encode(), output, "states.svg")
    else:
        click.echo("\n".join(path_lines(folder, connection)))


def _show_ladder(exchange: Any, title: str, absolute: bool, limit: int | None) -> None:
    from testbed.cli.console import stdout
    from testbed.report.connection.ladder import Ladder

    console = stdout()
    for line in Ladder(exchange, title=title, width=console.width, absolute=absolute).lines(limit):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _format_of(output: str | None) -> str:
    """As the file's name says."""
    suffix = Path(output or "").suffix.removeprefix(".").lower()
    if suffix and suffix not in FORMATS and output != "-":
        raise click.UsageError(f"{output}: a picture is written as {', '.join(FORMATS)}; say which with --format")
    return suffix or "svg"


def _write(picture: bytes, output: str | None, usual: str) -> None:
    """Write the picture, and say where; to the standard output, write nothing else."""
    from testbed.trace.files import whole

    if output == "-":
        sys.stdout.buffer.write(picture)
        return
    path = Path(output or usual)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as unfinished:
        unfinished.write_bytes(picture)
    click.echo(path)
