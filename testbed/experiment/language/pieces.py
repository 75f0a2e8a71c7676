"""A text at its commas: those between values, not those inside brackets or quotation marks."""

from __future__ import annotations

from typing import Final

_CLOSES: Final = {"[": "]", "{": "}", "(": ")"}


def pieces(text: str) -> list[str]:
    """`1%, {model: periodic, every: 3}` as `1%` and ` {model: periodic, every: 3}`.

    What is opened and not closed goes on to the end of the text.
    """
    found = [""]
    open_: list[str] = []
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and found[-1].rstrip()[-1:] in ("", *"[{(,:="):
            quote = character  # at the beginning of a value: an apostrophe inside a word is none
        elif character in _CLOSES:
            open_.append(_CLOSES[character])
        elif open_ and character == open_[-1]:
            open_.pop()
        if character == "," and not quote and not open_:
            found.append("")
        else:
            found[-1] += character
    return found
