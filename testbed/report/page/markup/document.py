"""The whole page: head, styles, scripts, and the sections in between. One file that asks nobody for anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from testbed.report.page.markup.html import NOTHING, Html, data, join, tag

STYLES: Final = ("uplot/uPlot.min.css", "page.css")
SCRIPTS: Final = ("uplot/uPlot.iife.min.js", "page.js", "charts.js", "sequence.js", "start.js")
"""In the order in which they need each other."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing (Content Security Policy)."""

_ID: Final = re.compile(r'<section id="([^"]+)" aria-label="([^"]*)"')


def document(
    title: str, subtitle: str, sections: Sequence[Html], embedded: dict[str, Any], about: Html = NOTHING
) -> str:
    """The page as text. `about` stands below its title; `embedded` is put into it as JSON, under these names."""
    body = [
        tag("a", "Skip to the content", href="#content", class_="skip"),
        _header(title, subtitle),
        about,
        _contents(sections),
        tag("noscript", tag("p", "Without scripts there are no charts over time, and no choosing.", class_="note")),
        tag("main", *sections, id="content"),
        tag("footer", tag("p", "Made by testbed. The page holds all that it shows, and asks no network for anything.")),
        *(data(name, value) for name, value in embedded.items()),
        *(_inline("script", name) for name in SCRIPTS),
    ]
    head = [
        Html('<meta charset="utf-8">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · testbed"),
        *(_inline("style", name) for name in STYLES),
    ]
    whole = tag("html", tag("head", join(head, "\n")), "\n", tag("body", join(body, "\n")), lang="en")
    return f"<!doctype html>\n{whole}\n"


def _header(title: str, subtitle: str) -> Html:
    switch = tag("button", "Theme", type="button", id="theme", title="Light or dark", aria_label="Switch theme")
    return tag("header", tag("div", tag("h1", title), tag("p", subtitle, class_="subtitle")), switch)


def _contents(sections: Sequence[Html]) -> Html:
    found = [match for part in sections for match in _ID.findall(part)]
    if len(found) < 2:
        return NOTHING
    return tag("nav", *(tag("a", Html(title), href=f"#{name}") for name, title in found), aria_label="Contents")


def _inline(element: str, name: str) -> Html:
    """A file of `assets/` as an element. None of them may hold the element's end."""
    content = (files("testbed.report.page") / "assets").joinpath(*name.split("/")).read_text(encoding="utf-8")
    if f"</{element}" in content:
        raise ValueError(f"{name} would end its own element")
    return Html(f"<{element}>{content}</{element}>")


def words(*parts: object) -> str:
    """Parts of a line, those that say anything, with a dot between."""
    return " · ".join(str(part) for part in parts if part not in (None, ""))
