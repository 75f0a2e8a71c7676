"""The reference pages say what the program is. They are generated; here they are compared, and looked at for gaps."""

from __future__ import annotations

import importlib.util
import re
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
    found = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


generate = load_generator()


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
def test_the_readme_shows_what_comes_out() -> None:
    then, now = (generate.PASSING.sub("…", text) for text in (generate.README.read_text(), generate.readme_page()))
    assert then == now, "run `make docs`"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in DOCS.glob("*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []
