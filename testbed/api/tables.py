"""Tables in the library that a user works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from testbed.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

LIBRARIES: Final = ("polars", "pandas")


def as_kind(frame: pl.DataFrame, kind: str) -> Any:
    """The same table of another library. Raises ConfigError for one that is not installed, or that we do not know."""
    if kind == "polars":
        return frame
    if kind != "pandas":
        raise ConfigError.of(f"no tables of {kind!r}", file="frame", suggestion=" or ".join(LIBRARIES))
    try:
        import pandas as pd
    except ImportError as error:
        remedy = "pip install 'testbed[pandas]'"
        raise ConfigError.of("pandas is not installed", file="frame", suggestion=remedy) from error
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
