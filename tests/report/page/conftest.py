"""Small runs and sweeps to make pages of, and a browser to look at them with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from testbed.report.page.markup.html import VOID

RUN = """
name: pair
topology: {hosts: [left, right], links: {l: {ends: [left, right], rate: 2Mbit/s, delay: 10ms, loss: 2%}}}
duration: 3s
traffic: [{name: a, app: bulk, from: left, to: right, size: 300kB}]
expect: [a.complete, a.goodput > 900 Mbit/s]
"""

SWEEP = """
name: settings
topology: {hosts: [left, right], links: {l: {ends: [left, right], rate: 2Mbit/s, delay: 10ms}}}
duration: 1s
trace: {segment: false}
traffic: [{name: a, app: bulk, from: left, to: right}]
matrix: {links.l.loss: [0%, 3%], links.l.delay: [5ms, 40ms]}
repeat: 3
expect:
  - a.goodput > 1 kbit/s
  - median(a.goodput[links.l.loss=0%]) > median(a.goodput[links.l.loss=3%])
"""

Folder = Callable[[str], Path]


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Runs the experiment of this text; the answer is the experiment's folder."""
    from testbed.experiment.reading.load import load
    from testbed.sweeps.run import carry_out

    def run(text: str) -> Path:
        home = tmp_path_factory.mktemp("run")
        (home / "experiment.yaml").write_text(text, encoding="utf-8")
        return carry_out(load(home / "experiment.yaml"), home / "results", jobs=1).folder

    return run


@pytest.fixture(scope="session")
def run(folder_of: Folder) -> Path:
    """One run with losses."""
    return folder_of(RUN)


@pytest.fixture(scope="session")
def sweep(folder_of: Folder) -> Path:
    """Four settings of two axes, three repetitions each."""
    return folder_of(SWEEP)


class Page(HTMLParser):
    """A page taken apart. Raises AssertionError where an element is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.size = len(text.encode())
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.words.append(data)

    @property
    def sections(self) -> list[str]:
        return [str(attributes["id"]) for name, attributes in self.elements if name == "section"]

    @property
    def said(self) -> str:
        """All that can be read."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Page]:
    """The page of some runs, taken apart."""
    from testbed.report.page.report import write_report

    def page(*names: Path) -> Page:
        path = write_report([str(name) for name in names], tmp_path_factory.mktemp("page") / "report.html")
        return Page(path.read_text(encoding="utf-8"))

    return page


# -- a browser --------------------------------------------------------------------------------------------------------

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """`browse(html)`: the page as it is after its scripts have run, and what they complained of. Skips without one.

    `then` is a script that runs at the end, and `width` that of a frame that the page is shown in.
    """
    if not CHROMIUM:
        pytest.skip("chromium is not installed")

    def dump(html: str, then: str = "", width: int | None = None) -> tuple[str, str]:
        page = tmp_path / "page.html"
        page.write_text(html.replace("</body>", f"<script>{then}</script></body>"), encoding="utf-8")
        if width is not None:
            page = framed(page, width)
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
            "--v=0", "--virtual-time-budget=6000", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1280,2000",
            "--allow-file-access-from-files", "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        environment = os.environ | {"HOME": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=True)
        return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)

    return dump


def framed(page: Path, width: int) -> Path:
    """A page with another in a frame of this width, which tells how wide that one's content is."""
    frame = page.with_name("frame.html")
    frame.write_text(
        f'<iframe id="f" src="{page.name}" style="width:{width}px;height:900px;border:0"></iframe>'
        "<script>f.onload = () => setTimeout(() => {"
        " document.body.dataset.wide = f.contentDocument.documentElement.scrollWidth;"
        "}, 500)</script>",
        encoding="utf-8",
    )
    return frame
