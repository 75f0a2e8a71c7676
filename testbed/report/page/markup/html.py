"""HTML, put together by small functions. What is not `Html` already is escaped, so that a name may hold anything."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final


class Html(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


VOID: Final = frozenset({"br", "input", "meta", "wbr"})
"""Elements that have no end tag."""

NOTHING: Final = Html("")


def text(value: object) -> Html:
    """Anything as HTML: escaped, unless it is HTML."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def join(parts: Iterable[object], between: str = "") -> Html:
    """One after the other."""
    return Html(between.join([text(part) for part in parts]))


def tag(name: str, /, *content: object, **attributes: object) -> Html:
    """An element. Of attributes: `class_` is `class`, `data_metric` is `data-metric`; None and False are left out."""
    known = "".join([_attribute(key, value) for key, value in attributes.items()])
    if name in VOID:
        return Html(f"<{name}{known}>")
    return Html(f"<{name}{known}>{join(content)}</{name}>")


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def section(name: str, title: str, *content: object, look: str = "") -> Html:
    """A part of the page under its heading, with a sentence on what to look for."""
    told = tag("p", look, class_="look") if look else NOTHING
    return tag("section", tag("h2", title), told, *content, id=name, aria_label=title)


def table(
    caption: str, headings: Sequence[object], rows: Iterable[Sequence[object]], *, words: int = 1, class_: str = ""
) -> Html:
    """A table that scrolls by itself where it is too wide. The first `words` columns are words, the others numbers.

    A row's first cell is its heading.
    """
    head = tag("tr", *(tag("th", cell, scope="col", class_=_kind(at, words)) for at, cell in enumerate(headings)))
    body = [
        tag(
            "tr",
            *(
                tag("td" if at else "th", cell, scope=None if at else "row", class_=_kind(at, words))
                for at, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body), class_=class_ or None)
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _kind(at: int, words: int) -> str | None:
    return None if at < words else "number"


def details(summary: object, *content: object, opened: bool = False, **attributes: object) -> Html:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", summary), *content, open=opened, **attributes)


def figure(title: str, picture: object, look: str, **attributes: object) -> Html:
    """A picture under its title, with a sentence on what to look for."""
    return tag("figure", tag("h3", title), tag("p", look, class_="look"), picture, **attributes)


def marked(words: str) -> Html:
    """A sentence in which what stands between backticks is code."""
    parts = words.split("`")
    return join(tag("code", part) if at % 2 and at < len(parts) - 1 else part for at, part in enumerate(parts))


def note(*content: object) -> Html:
    """A remark, such as what is missing and how to get it."""
    return tag("p", *content, class_="note")


def data(name: str, value: Any) -> Html:
    """JSON in the page, to be read by a script; nothing in it can end the element that it stands in."""
    told = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="data-{html.escape(name)}">{told}</script>')
