"""Ways through a network: least delay, then fewest links, never through a host."""

from __future__ import annotations

from pathlib import Path

from testbed.experiment.reading.load import load
from testbed.experiment.reading.routes import Routes

TOPOLOGIES = Path(__file__).parents[2] / "topologies"


def routes_of(tmp_path: Path, hosts: str, routers: str, *links: str) -> Routes:
    """A network of links such as `a-r 5ms`, each named by its text before the space."""
    lines = [
        f"  {link.split()[0]}: {{ends: [{link.split()[0].replace('-', ', ')}], delay: {link.split()[1]}}}"
        for link in links
    ]
    text = f"hosts: [{hosts}]\nrouters: [{routers}]\nlinks:\n" + "\n".join(lines)
    (tmp_path / "net.yaml").write_text(text)
    return Routes(load(tmp_path / "net.yaml").runs[0].spec.topology)


def links_on(routes: Routes, source: str, destination: str) -> list[str] | None:
    hops = routes.path(source, destination)
    return None if hops is None else [hop.link for hop in hops]


def test_the_way_of_least_delay_is_taken(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, "a, b", "r, s", "a-r 1ms", "r-b 9ms", "r-s 2ms", "s-b 2ms")
    assert links_on(routes, "a", "b") == ["a-r", "r-s", "s-b"]
    assert routes.delay("a", "b") == 5_000_000


def test_among_equal_delays_the_fewest_links_win(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, "a, b", "r, s", "a-r 1ms", "r-s 1ms", "s-b 1ms", "r-b 2ms")
    assert links_on(routes, "a", "b") == ["a-r", "r-b"]


def test_no_way_leads_through_a_host(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, "a, b, c", "r", "a-c 1ms", "c-b 1ms", "a-r 50ms", "r-b 50ms")
    assert links_on(routes, "a", "b") == ["a-r", "r-b"]
    assert links_on(routes, "a", "c") == ["a-c"]


def test_there_may_be_no_way(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, "a, b, c", "", "a-c 1ms", "c-b 1ms")
    assert links_on(routes, "a", "b") is None
    assert routes.delay("a", "b") is None


def test_machines_agree_so_that_nothing_goes_in_a_circle(tmp_path: Path) -> None:
    links = [f"r{i}-r{j} 1ms" for i in range(6) for j in range(i)]
    routes = routes_of(tmp_path, "a, b", ", ".join(f"r{i}" for i in range(6)), *links, "a-r0 1ms", "r5-b 1ms")
    for machine in routes.towards("b"):
        assert routes.path(machine, "b") is not None


def test_of_two_equal_links_the_first_is_taken(tmp_path: Path) -> None:
    text = (
        "hosts: [a, b]\nlinks:\n  second: {ends: [b, a]}\n  first: {ends: [a, b]}\n  fast: {ends: [a, b], delay: 0ms}\n"
    )
    (tmp_path / "net.yaml").write_text(text)
    routes = Routes(load(tmp_path / "net.yaml").runs[0].spec.topology)
    assert routes.towards("b")["a"].direction == "second.reverse"


def test_every_topology_that_we_ship_connects_all_its_hosts() -> None:
    files = sorted(TOPOLOGIES.glob("*.yaml"))
    assert len(files) >= 4
    for file in files:
        topology = load(file).runs[0].spec.topology
        routes = Routes(topology)
        assert topology.name == file.stem
        assert all(routes.path(a, b) is not None for a in topology.hosts for b in topology.hosts)
