"""What every plug of the link's tables keeps to, those of tomorrow too."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed import seeds
from testbed.link.delay import JITTERS
from testbed.link.drop_rule import Drop
from testbed.link.loss import LOSSES
from testbed.link.qdisc import QDISCS
from testbed.link.reorder import Reorder
from testbed.link.spec import DirectionSpec
from testbed.units import Quantity
from testbed.wire.packet import CE

TABLES = {"loss": LOSSES, "jitter": JITTERS, "queue": QDISCS}
PLUGS = {f"{kind} {name}": spec for kind, table in TABLES.items() for name, spec in table.items()}
MS = 10**6
SPECS = [*PLUGS.values(), Reorder, DirectionSpec]


def unheard(packet, now, reason):
    """A door that nobody watches."""


def quantity_of(annotation):
    """The `Quantity` within `Annotated[…]` or `Annotated[…] | None`, if there is one."""
    for part in (annotation, *get_args(annotation)):
        for mark in getattr(part, "__metadata__", ()):
            if isinstance(mark, Quantity):
                return mark
    return None


def example(spec):
    """The spec with nothing but what it needs, each field from its type's own example."""
    hints = get_type_hints(spec, include_extras=True)
    return spec(**{
        field.name: quantity_of(hints[field.name]).parse(quantity_of(hints[field.name]).example)
        for field in dataclasses.fields(spec)
        if field.default is dataclasses.MISSING
    })  # fmt: skip


def documented_fields(spec):
    """Names of the fields that a docstring follows, in this class and its bases."""
    names = set()
    for cls in spec.__mro__[:-1]:
        if not dataclasses.is_dataclass(cls):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body
        for statement, after in pairwise(body):
            if isinstance(statement, ast.AnnAssign) and isinstance(after, ast.Expr):
                names.add(statement.target.id)
    return names


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
def test_a_spec_is_frozen_keyword_only_and_documented_field_by_field(spec):
    assert spec.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(spec))
    assert {field.name for field in dataclasses.fields(spec)} <= documented_fields(spec)
    assert spec.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize("spec", PLUGS.values(), ids=PLUGS.keys())
def test_an_example_builds_and_equals_its_like(spec):
    assert example(spec) == example(spec)
    assert hash(example(spec)) == hash(example(spec))
    assert "build" in vars(spec)


@pytest.mark.parametrize("name", [name for name in PLUGS if name.startswith("loss")])
def test_a_loss_model_is_fixed_by_its_stream(name):
    spec = example(PLUGS[name])
    runs = []
    for _ in range(2):
        model = spec.build(seeds.stream(7, name))
        runs.append([model.lost(now) for now in range(2000)])
    assert runs[0] == runs[1]
    assert any(runs[0]) and not all(runs[0])


@pytest.mark.parametrize("name", [name for name in PLUGS if name.startswith("jitter")])
def test_a_jitter_model_is_fixed_by_its_stream(name):
    spec = example(PLUGS[name])
    runs = []
    for _ in range(2):
        model = spec.build(seeds.stream(7, name))
        runs.append([model.draw() for _ in range(200)])
    assert runs[0] == runs[1]
    assert all(isinstance(drawn, int) for drawn in runs[0]) and len(set(runs[0])) > 100


@pytest.mark.parametrize("name", [name for name in PLUGS if name.startswith("queue")])
def test_a_queue_keeps_its_limit_and_its_books(name, packet):
    dropped = []
    spec = dataclasses.replace(example(PLUGS[name]), limit=None)
    give_up = lambda p, now, reason: dropped.append((p, reason))  # noqa: E731
    queue = spec.build((5, "packets"), give_up, unheard, seeds.stream(7, name))
    packets = [packet(100 + number, seq=number) for number in range(8)]
    for now, each in enumerate(packets):
        queue.enqueue(each, now)
        assert queue.packets <= 5
    assert queue.packets + len(dropped) == 8 and all(reason for _, reason in dropped)
    assert queue.size == sum(p.size for p in packets) - sum(p.size for p, _ in dropped)
    left = []
    while (each := queue.dequeue(100)) is not None:
        assert queue.waited == 100 - each.segment.seq
        left.append(each)
    assert (queue.packets, queue.size) == (0, 0)
    assert {*left, *(p for p, _ in dropped)} == set(packets)


@pytest.mark.parametrize("name", [name for name in PLUGS if name.startswith("queue")])
def test_a_queue_keeps_a_limit_in_bytes(name, packet):
    spec = dataclasses.replace(example(PLUGS[name]), limit=(1000, "bytes"))
    queue = spec.build((5, "packets"), unheard, unheard, seeds.stream(7, name))
    most = 0
    for now in range(30):
        queue.enqueue(packet(90), now)
        assert queue.size <= 1000
        most = max(most, queue.size)
    assert most == 990


STEPS = st.tuples(st.booleans(), st.integers(0, 30), st.integers(40, 1500), st.integers(0, 3))
"""Whether a packet comes, or one leaves; after how many ms; the packet's size and codepoint."""


@pytest.mark.parametrize("name", [name for name in PLUGS if name.startswith("queue")])
@given(steps=st.lists(STEPS, max_size=200))
def test_every_packet_leaves_once_or_is_dropped_once(name, packet, steps):
    dropped, marked, came, left = [], [], [], []
    spec = dataclasses.replace(example(PLUGS[name]), limit=(20, "packets"))
    doors = (lambda p, *_: dropped.append(p)), (lambda p, *_: marked.append(p))
    queue = spec.build((5, "packets"), *doors, seeds.stream(7, name))
    now = 0
    for comes, after, size, ecn in steps:
        now += after * MS
        if comes:
            came.append(packet(size, seq=len(came), source_port=size % 3, ecn=ecn))
            queue.enqueue(came[-1], now)
        elif (each := queue.dequeue(now)) is not None:
            left.append(each)
        assert queue.packets == len(came) - len(left) - len(dropped)
    inside = set(came) - set(left) - set(dropped)
    assert (queue.packets, queue.size) == (len(inside), sum(p.size for p in inside))
    assert len(marked) == len(set(marked)) and not set(marked) & set(dropped)
    assert all(p.ecn == CE for p in marked)
    for port in range(3):  # a flow's packets keep their order
        order = [p.segment.seq for p in left if p.segment.source_port == port]
        assert order == sorted(order)


def test_each_loss_and_queue_has_a_file_of_its_own():
    for table in (LOSSES, QDISCS):
        files = [inspect.getfile(spec) for spec in table.values()]
        assert len(set(files)) == len(files)
        assert all(Path(file).stem == name.replace("-", "_") for name, file in zip(table, files, strict=True))


def test_specs_can_be_read_by_a_schema_validator():
    from pydantic import TypeAdapter

    assert TypeAdapter(LOSSES["bernoulli"]).validate_python({"p": "1%"}).p == 0.01
    assert TypeAdapter(JITTERS["uniform"]).validate_python({"spread": "5ms", "reorder": True}).spread == 5_000_000
    assert TypeAdapter(QDISCS["droptail"]).validate_python({"limit": "64KiB"}).limit == (65536, "bytes")
    assert TypeAdapter(Drop).validate_python(17) == 17
    assert str(TypeAdapter(Drop).validate_python("second SYN")) == "the second SYN"
