"""Documents of runs as `testbed run --json` prints them, with just the numbers that a test is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

Document = dict[str, Any]


def a_flow(goodput: float | None, **others: Any) -> Document:
    done = goodput is not None
    numbers = {"completion_time": 8e6 / goodput if goodput else None, "rtt_p50": 0.05, "timeouts": 0}
    return {"complete": done, "goodput": goodput, "retransmission_share": 0.01, **numbers, **others}


def a_document(seed: int, params: dict[str, Any], goodput: float | None = None, **others: Any) -> Document:
    flows = others.pop("flows", {"a": a_flow(goodput)})
    links = {"path": {"drops": 3, "drops_by_reason": {"loss": 3}, "utilisation": 0.5, "reverse": {"drops": 0}}}
    identity = {"id": f"{params},{seed}", "name": "x", "clock": "virtual", "seed": seed, "params": params}
    plain = {"status": "complete", "links": links, "jain": 1.0, "end_time": 9.0, "spec": {"flows": {"a": {"size": 1}}}}
    return {**identity, **plain, "flows": flows, **others}


@pytest.fixture
def flow() -> Callable[..., Document]:
    return a_flow


@pytest.fixture
def document() -> Callable[..., Document]:
    return a_document


@pytest.fixture
def sweep() -> Callable[..., list[Document]]:
    """A sweep over one axis: `{value: [a goodput for each seed from 1 on]}`, under the circumstances given."""

    def made(axis: str, goodputs: dict[Any, Sequence[float | None]], **where: Any) -> list[Document]:
        others = {path.replace("__", "."): value for path, value in where.items()}
        return [
            a_document(seed, {axis: value, **others}, goodput)
            for value, values in goodputs.items()
            for seed, goodput in enumerate(values, 1)
        ]

    return made
