"""The reference pages say what the program is. They are generated; here they are compared, and looked at for gaps."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from testbed.experiment import spec
from testbed.experiment.language.reader import hints
from testbed.experiment.reading.json_schema import field_docs
from testbed.link.spec import DirectionSpec
from testbed.report.catalogue import KINDS, catalogue
from testbed.tcp.config import SETTINGS, TcpConfig

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def load_generator() -> ModuleType:
    sys.path.insert(0, str(DOCS))
    found = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


generate = load_generator()
PASSING = generate.examples.PASSING

OURS = 'class="testbed-'
"""Drawn without matplotlib, whose versions differ in their bytes."""


@pytest.mark.parametrize("page", generate.PAGES)
def test_a_page_is_what_the_program_says(page: str) -> None:
    assert (DOCS / page).read_text() == generate.PAGES[page](), "run `make docs`"


KEYS = [value for name, value in vars(spec).items() if name.endswith("Keys")]


@pytest.mark.parametrize("owner", [TcpConfig, DirectionSpec, *KEYS], ids=lambda owner: owner.__name__)
def test_every_key_of_a_file_is_documented(owner: type) -> None:
    assert set(hints(owner)) == set(field_docs(owner))


def test_every_place_of_a_file_has_its_table() -> None:
    described = {owner for _, owners, _ in generate.PLACES for owner in owners}
    assert set(KEYS) <= described


@pytest.mark.parametrize("kind", KINDS)
def test_every_plug_says_in_a_line_what_it_is(kind: str) -> None:
    assert all(what.strip() for _, what in catalogue(kind))


def test_every_setting_of_tcp_is_on_its_page() -> None:
    page = (DOCS / "tcp-settings.md").read_text()
    assert all(f"| `{setting}` |" in page for setting in SETTINGS)


@pytest.mark.slow
@pytest.mark.parametrize("page", generate.PLAYED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run_and_show_what_comes_out(page: Path) -> None:
    text, drawings = generate.played(page)
    then, now = (PASSING.sub("…", one) for one in (page.read_text(), text))
    assert then == now, "run `make docs`"
    if page == generate.GALLERY:
        kept = {drawing.name: drawing.read_text() for drawing in generate.DRAWINGS.iterdir()}
        assert set(kept) == set(drawings)
        ours = {name for name, drawing in drawings.items() if OURS in drawing}
        assert len(ours) >= 4
        assert {name for name in ours if kept[name] != drawings[name]} == set(), "run `make docs`"


def test_every_picture_is_shown_and_small() -> None:
    shown = re.findall(r"\]\(pictures/([\w-]+\.svg)\)", generate.GALLERY.read_text())
    kept = {drawing.name: drawing.stat().st_size for drawing in generate.DRAWINGS.iterdir()}
    assert set(shown) == set(kept)
    assert all(size < 80_000 for size in kept.values())


@pytest.mark.parametrize("page", ["README.md", *(str(page.relative_to(ROOT)) for page in generate.PLAYED[1:])])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []
