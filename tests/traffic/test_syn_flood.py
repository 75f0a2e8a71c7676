"""The attacker: what it sends, and when it stops."""

from __future__ import annotations

import pytest

import testbed
from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.traffic.syn_flood import ADDRESSES, FIRST_ADDRESS, SynFloodSpec

FILE = """
name: flood
duration: 20s
tcp: {{syn_backlog: 64, syn_cookies: {cookies}}}
topology:
  hosts: [alice, mallory, server]
  routers: [router]
  links:
    a: {{ends: [alice, router], rate: 100Mbit/s, delay: 5ms}}
    m: {{ends: [mallory, router], rate: 100Mbit/s, delay: 5ms}}
    s: {{ends: [router, server], rate: 100Mbit/s, delay: 5ms}}
traffic:
  - {{name: attack, app: syn-flood, from: mallory, to: server, port: 80, interval: 2ms}}
  - {{name: honest, app: bulk, from: alice, to: server, port: 80, size: 50kB, start: 2s}}
"""


def test_each_syn_comes_from_another_address_and_on_time(world):
    world.right.listen(5001, lambda listener, now: None)
    client, server = world.play(SynFloodSpec(count=50, interval=3 * MILLISECOND), until=SECOND)
    assert server is None
    assert (client.complete, client.sent) == (True, 50)
    assert client.finished_at == 49 * 3 * MILLISECOND
    sources = [socket.remote[0] for socket in world.right.sockets]
    assert [socket.state for socket in world.right.sockets] == ["SYN-RECEIVED"] * 50
    assert len(set(sources)) > 45
    assert all(FIRST_ADDRESS <= source < FIRST_ADDRESS + ADDRESSES for source in sources)


def test_it_stops_after_its_time(world):
    client, _ = world.play(SynFloodSpec(duration=10 * MILLISECOND), until=SECOND)
    assert (client.complete, client.sent) == (True, 10)
    assert world.right.ip.drops["no route"] == 10, "a reset each, to nobody"


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"addresses": 0}, {"addresses": ADDRESSES + 1}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UnitError, match=next(iter(wrong))):
        SynFloodSpec(**wrong)


@pytest.mark.parametrize("cookies", ["true", "false"])
def test_a_server_under_attack_serves_with_cookies_only(tmp_path, cookies):
    file = tmp_path / "flood.yaml"
    file.write_text(FILE.format(cookies=cookies))
    result = testbed.run(file, results=tmp_path / "results")
    assert result["flows"]["honest"]["complete"] is (cookies == "true")
    assert result["flows"]["attack"]["complete"] is False
    dropped = result["machine_drops_by_reason"]["server"].get("SYN backlog full", 0)
    assert (dropped > 9000) is (cookies == "false")
