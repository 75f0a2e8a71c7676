"""The network as a picture, and its links as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from testbed.report.page.markup.html import Html, details, join, note, section, table, tag
from testbed.report.page.markup.svg import line, svg, words
from testbed.report.page.network.layout import Map, Node, Wire, layout
from testbed.report.tables import loss, rate, seconds

Spec = Mapping[str, Any]

LABELLED: Final = 16
"""Wires that have their rate and delay beside them; of more, only the table tells."""

LOOK: Final = "Hosts are rounded, routers square; beside a link stand its rate, its one-way delay and its loss."


def topology(spec: Spec) -> Html:
    """The section."""
    hosts, routers, links = (spec.get(key) or {} for key in ("hosts", "routers", "links"))
    if not links:
        return section("topology", "Topology", note("The experiment has no links."))
    longest = max(len(character(way)) for link in links.values() for way in (link, link["reverse"]))
    placed = layout(list(hosts), list(routers), links, min(330.0, max(190.0, 6.1 * longest + 110)))
    count = ", ".join([_counted(len(hosts), "host"), _counted(len(routers), "router"), _counted(len(links), "link")])
    drawn = svg(placed.width, placed.height, *_drawing(placed), label=f"The network: {count}", least=620)
    return section("topology", "Topology", drawn, _remark(placed, count), _all_links(links), look=LOOK)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _remark(placed: Map, count: str) -> Html:
    alike = any(len(node.names) > 1 for node in placed.nodes.values())
    return note(count + (". Alike machines on alike links are drawn as one, with their number." if alike else "."))


def _drawing(placed: Map) -> list[Html]:
    wires = [_wire(placed, wire) for wire in placed.wires]
    labels = [_wire_label(placed, wire) for wire in placed.wires] if len(placed.wires) <= LABELLED else []
    return [*wires, *labels, *(_node(node) for node in placed.nodes.values())]


def _wire(placed: Map, wire: Wire) -> Html:
    one, other = (placed.nodes[end] for end in wire.ends)
    told = tag("title", f"{', '.join(wire.names[:6])}: {character(wire.spec)}; back: {character(wire.spec['reverse'])}")
    return tag("g", told, line(one.x, one.y, other.x, other.y, "wire", stroke_width=4 if len(wire.names) > 1 else None))


def _wire_label(placed: Map, wire: Wire) -> Html:
    """What the link does, beside its middle, or nearer to a leaf; a second line for the way back where it differs."""
    one, other = (placed.nodes[end] for end in wire.ends)
    there, back = character(wire.spec), character(wire.spec["reverse"])
    lines = [there] if there == back else [f"{_arrow(one, other)} {there}", f"{_arrow(other, one)} {back}"]
    name = f"{len(wire.names)} links" if len(wire.names) > 1 else wire.names[0]
    level = abs(one.y - other.y) < 1
    part = 0.5 if level else 0.36 if wire.ends[0] in placed.leaves else 0.64
    x, y = one.x + (other.x - one.x) * part, one.y + (other.y - one.y) * part
    if level:  # the name above the line, the rest below
        texts = [(y - 7, name, "halo"), *((y + 15 + 13 * at, line, "halo dim") for at, line in enumerate(lines))]
    else:
        plain = name in ("-".join(wire.ends), "-".join(wire.ends[::-1]))  # it only says what can be seen
        lines[0] = lines[0] if plain else f"{name}: {lines[0]}"
        texts = [(y - 4 + 13 * at, line, "halo dim") for at, line in enumerate(lines)]
    return join([words(x, height, line, anchor="middle", class_=look, font_size=11) for height, line, look in texts])


def _arrow(one: Node, other: Node) -> str:
    if abs(other.x - one.x) >= abs(other.y - one.y):
        return "→" if other.x >= one.x else "←"
    return "↓" if other.y >= one.y else "↑"


def _node(node: Node) -> Html:
    shown = node.names[0] if len(node.names) == 1 else f"{node.names[0]} … {node.names[-1]}"
    shown = shown if len(shown) <= 18 else f"{shown[:17]}…"
    width = max(54.0, 7.2 * len(shown) + 18)
    behind = [_box(node, width, 4)] if len(node.names) > 1 else []
    count = [words(node.x, node.y + 33, f"{len(node.names)} alike", anchor="middle", class_="dim")] if behind else []
    told = tag("title", ", ".join(node.names[:40]) + (" …" if len(node.names) > 40 else ""))
    return tag("g", told, *behind, _box(node, width, 0), words(node.x, node.y + 4, shown, anchor="middle"), *count)


def _box(node: Node, width: float, shift: float) -> Html:
    return tag(
        "rect", x=f"{node.x - width / 2 + shift:.1f}", y=f"{node.y - 14 - shift:.1f}", width=f"{width:.1f}", height=28,
        rx=2 if node.router else 13, class_="router" if node.router else "host",
    )  # fmt: skip


def character(direction: Spec) -> str:
    """What a direction does, in short."""
    parts = [rate(direction["rate"], absent="∞"), seconds(direction["delay"] / 1e9)]
    if direction.get("loss"):
        parts.append(f"loss {loss(direction['loss'])}")
    return ", ".join(parts)


def _all_links(links: Mapping[str, Spec]) -> Html:
    rows = [
        (name, f"{link['ends'][0]} → {link['ends'][1]}", character(link), character(link["reverse"]))
        for name, link in links.items()
    ]
    return details(_counted(len(links), "link"), table("Links", ("link", "ends", "there", "back"), rows, words=4))
