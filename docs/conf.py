"""How Sphinx makes a site of these pages: `make site`, then open docs/_build/html/index.html.

The reference pages are written from the program by generate.py; Sphinx only sets them.
"""

from __future__ import annotations

from importlib import metadata

project = "testbed"
copyright = "the engineers of testbed"  # noqa: A001 (Sphinx's word)
version = release = metadata.version("testbed")

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"testbed {release}"
html_show_sphinx = False

# Headings can be linked to as on a code host: metrics.md#when-it-is-invalid.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["misc.highlighting_failure"]
