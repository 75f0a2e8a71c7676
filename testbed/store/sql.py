"""Questions in SQL over tables with dotted columns: `params.tcp.rto_min = '200ms' and goodput > 3Mbit/s`.

Names with dots need no quotes, and a quantity may be written with its unit. What is wrong with a question is a
ConfigError with the nearest name that there is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from testbed import units
from testbed.errors import ConfigError, UnitError

if TYPE_CHECKING:
    import polars as pl

MEASURE: Final = "#"
"""After a parameter's name: the column of its values as numbers, in seconds, bytes or bit/s. It is not shown."""

_ASIDE: Final = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/"""
"""What is left as it is: texts, quoted names and comments."""

_NUMBER: Final = r"(?<![\w.])\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_POWER: Final = r"(?<![\w.])\d+(?:\.\d*)?[eE][+-]?\d+(?![\w.])"
_UNITS: Final = (
    "[TGMk]?bit/s", "[TGMk]?bps", "[GMk]?B/s", "[TGM]iB", "KiB", "[TGMk]?B", "ns", "us", "µs", "μs", "ms", "min", "s",
    "h",
)  # fmt: skip
_QUANTITY: Final = rf"{_NUMBER}(?:\ ?(?:[TGMk]?bit/s|[TGMk]i?B|ms)|(?:{'|'.join(_UNITS)}))(?![\w/])|{_NUMBER}%(?![\w(])"
_DURATION: Final = re.compile(rf"({_ASIDE})|{_NUMBER}\ ?(?:ms|(?<! )(?:[nuµμ]?s|min|h))(?![\w/])", re.DOTALL)
_COMPARED: Final = re.compile(rf"\s*(?:[<>=!]+|between\b)\s*(?:{_QUANTITY})", re.IGNORECASE)

_UNKNOWN: Final = re.compile(
    r"unable to find column \"(?P<column>[^\"]+)\"|relation '(?P<table>[^']+)' was not found"
    r"|struct column named '(?P<owner>[^']+)'|invalid (?:column )?name '?\"?(?P<name>[^'\"]+)"
    r"|^(?P<bare>[\w.\-]+)$"
)
_RESERVED: Final = re.compile(r"(?:select|,|by|where|and|or)\s+from\b", re.IGNORECASE)
"""A column of that name, without its quotes."""

_FIRST: Final = re.compile(r"\s*(?:--[^\n]*\n\s*)*\(?\s*(\w+)")
_ASKING: Final = ("select", "with", "explain", "show", "values")


def ask(
    question: str, tables: Mapping[str, pl.LazyFrame], names: Iterable[str], where: str, every: Sequence[str]
) -> pl.DataFrame:
    """The answer to `question` over `tables`, which have columns with these `names`; hidden ones are in it.

    `where` is what an error calls the question, and `every` the tables that it may name.
    """
    import polars as pl
    from polars.exceptions import PanicException, PolarsError

    first = _FIRST.match(question)
    if first is None or first[1].lower() not in _ASKING:
        raise _wrong(where, f"is no question: {question.strip()[:60]!r}", "select … from runs, flows, links or state")
    known = list(names)
    try:
        return pl.SQLContext(dict(tables), eager=False).execute(plain(question, known)).collect()
    except (PolarsError, PanicException) as error:
        raise _explain(error, question, known, every, where) from error


def without_measures(answer: pl.DataFrame) -> pl.DataFrame:
    """An answer without the columns that are not to be shown."""
    return answer.drop([name for name in answer.columns if name.endswith(MEASURE)])


def refuse_durations(question: str, where: str) -> None:
    """Raise ConfigError for a time with a unit: rows of a trace count ns, and summaries s."""
    for match in _DURATION.finditer(question):
        if not match[1]:
            ns = units.duration(match[0])
            raise _wrong(where, f"{match[0]!r}: times in traces are whole ns", f"write {ns}, or divide: t / 1e9")


def plain(question: str, names: Iterable[str]) -> str:
    """The question as SQL has it: names with dots in quotes, quantities as numbers, in seconds, bytes and bit/s."""
    shortened = _shortened(names)
    pattern = re.compile(
        f"(?P<aside>{_ASIDE})|{_name_pattern(shortened)}|(?P<quantity>{_QUANTITY})|(?P<power>{_POWER})", re.DOTALL
    )

    def written(match: re.Match[str]) -> str:
        if match["quantity"]:
            return _decimal(measure(match["quantity"]) or 0.0)
        if match["power"]:
            return _decimal(float(match["power"]))
        if match["aside"]:
            return match[0]
        name = shortened[match["column"]]
        if name + MEASURE in measured and _COMPARED.match(question, match.end()):
            name += MEASURE
        return f'{match["alias"] or ""}"{name}"'

    measured = set(names)
    return pattern.sub(written, question)


def _decimal(number: float) -> str:
    """A number without a power of ten, which not every version of polars reads."""
    return format(Decimal(repr(number)), "f")


def measure(text: object) -> float | None:
    """A quantity as a number: times in s, sizes in bytes, rates in bit/s, shares of one. None for what is none."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return float(text)
    readers: tuple[tuple[Callable[[object], float], float], ...] = (
        (units.rate, 1), (units.size, 1), (units.duration, 1e9), (units.share, 1), (units.count, 1),
    )  # fmt: skip
    for read, scale in readers:
        try:
            return read(text) / scale
        except UnitError:
            continue
    return None


def _shortened(names: Iterable[str]) -> dict[str, str]:
    """Names that need quotes, by how they may be written: a parameter also by what its name ends in."""
    odd = [name for name in names if not name.isidentifier() and not name.endswith(MEASURE)]
    short: dict[str, list[str]] = {}
    for name in odd:
        for tail in tails(name):
            short.setdefault(tail, []).append(name)
    alone = {tail: owners[0] for tail, owners in short.items() if "." in tail and len(owners) == 1}
    return alone | {name: name for name in odd}


def tails(name: str) -> list[str]:
    """How a parameter may be called besides: `tcp.rto_min` and `rto_min`, for `params.tcp.rto_min`."""
    parts = name.split(".")
    return [".".join(parts[start:]) for start in range(1, len(parts))] if parts[0] == "params" else []


def _name_pattern(names: Iterable[str]) -> str:
    """Any of `names`, the longest first, after the name of a table or not."""
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) or "(?!)"
    return rf"(?<![\w.])(?P<alias>\w+\.)??(?P<column>{choices})(?![\w.])"


def _explain(
    error: BaseException, question: str, names: Sequence[str], tables: Sequence[str], where: str
) -> ConfigError:
    """What polars says of a question, in our words, with the nearest name."""
    said = str(error).split("\n\n", 1)[0].strip()
    unknown = _UNKNOWN.search(said)
    if unknown is None or _RESERVED.search(question):
        remedy = 'names that SQL knows otherwise stand in quotes: "from"' if _RESERVED.search(question) else ""
        return _wrong(where, re.sub(r" at Line: .*", "", said)[:200] or "cannot be answered", remedy)
    if unknown["table"]:
        return _wrong(where, f"there is no table {unknown['table']!r}", _near(unknown["table"], tables, "tables"))
    shown = [name for name in names if not name.endswith(MEASURE)]
    name = _written_name(unknown["column"] or unknown["owner"] or unknown["name"] or unknown["bare"], question)
    return no_column(name, shown, where)


def no_column(name: str, known: Sequence[str], where: str) -> ConfigError:
    """What is said of a name that no column has."""
    return _wrong(where, f"there is no column {name!r}", _near(name, known, "columns"))


def _written_name(name: str, question: str) -> str:
    """The whole dotted name that begins with `name` in the question."""
    whole = re.search(rf"(?<![\w.]){re.escape(name)}(?:\.\w+)+", question)
    return whole[0] if whole else name


def _near(name: str, known: Sequence[str], what: str) -> str:
    short = {tail: one for one in known for tail in tails(one)}
    close = difflib.get_close_matches(name, [*known, *short], n=1)
    if close:
        return f"did you mean {short.get(close[0], close[0])!r}?"
    return f"the {what} are {', '.join(known[:24])}" + (", …" if len(known) > 24 else "")


def _wrong(where: str, message: str, suggestion: str = "") -> ConfigError:
    return ConfigError.of(message, file=where, suggestion=suggestion)
