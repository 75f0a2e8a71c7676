"""What notebooks show of results: small tables, in the colours of the page that they are on, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

LINE: Final = "border-bottom:1px solid rgba(128,128,128,.35)"
CELL: Final = "padding:.15em .9em .15em 0;background:transparent;color:inherit;white-space:nowrap"
WARNING: Final = "color:#d33"

SHOWN: Final = 20
"""Rows of a table that a notebook shows."""


def page(title: str, remark: str, *parts: str) -> str:
    """A heading in bold with a remark after it, then the parts."""
    told = f" <span style='opacity:.7'>{escape(remark)}</span>" if remark else ""
    return f"<div class='testbed'><div><b>{escape(title)}</b>{told}</div>{''.join(parts)}</div>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table whose first `words` columns are words, and whose others are numbers."""
    made = list(rows)
    ways = ["left" if index < words else "right" for index in range(len(head))]
    lines = ["".join(_cell("th", name, way, LINE) for name, way in zip(head, ways, strict=True))]
    lines += ["".join(_cell("td", cell, way) for cell, way in zip(row, ways, strict=True)) for row in made[:SHOWN]]
    body = "".join(f"<tr style='background:transparent'>{line}</tr>" for line in lines)
    more = remark(f"… {len(made) - SHOWN:,} more") if len(made) > SHOWN else ""
    return f"<table style='border-collapse:collapse;margin:.4em 0'>{body}</table>{more}"


def remark(text: str, *, bad: bool = False) -> str:
    """A line below."""
    return f"<div style='{WARNING if bad else 'opacity:.7'}'>{escape(text)}</div>"


def _cell(tag: str, text: str, way: str, style: str = "") -> str:
    return f"<{tag} style='text-align:{way};{CELL};{style}'>{escape(text)}</{tag}>"
