"""Marks over a network: what a link has marked is what the receiver counts and the sender hears of, whatever happens to
the acknowledgements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import testbed

PATH = """
name: marks
hosts: [left, right]
links:
  path:
    ends: [left, right]
    rate: 20Mbit/s
    delay: 5ms
    queue: {discipline: droptail, limit: 100 packets, mark_above: 20 packets}
tcp: {congestion: reno}
traffic: [{name: flow, app: bulk, from: left, to: right, size: 4MB}]
"""


def run(tmp_path: Path, **settings: Any) -> Any:
    file = tmp_path / "marks.yaml"
    file.write_text(PATH, encoding="utf-8")
    return testbed.run(file, set=settings, results=None)


def counted(result: Any) -> tuple[dict[str, int], dict[str, int], int]:
    flow = result["flows"]["flow"]
    assert flow["complete"]
    return flow["client"], flow["server"], flow["retransmitted_segments"]


ENDS = [("reno", "classic"), ("reno", "accurate"), ("cubic", "accurate"), ("dctcp", "classic"), ("dctcp", "accurate")]


@pytest.mark.parametrize(("congestion", "ecn"), ENDS)
def test_marks_keep_the_queue_short_and_nothing_is_lost(tmp_path: Path, congestion: str, ecn: str) -> None:
    client, server, lost = counted(run(tmp_path, **{"tcp.congestion": congestion, "tcp.ecn": ecn}))
    assert lost == 0
    assert server["ce_received"] > 50
    assert client["ecn_reductions"] >= 3
    assert client["ect_sent"] == client["data_segments_sent"]
    assert (server["ect_sent"], client["ce_received"]) == (0, 0)


def test_without_ecn_nothing_is_marked(tmp_path: Path) -> None:
    client, server, lost = counted(run(tmp_path))
    assert lost > 0
    assert (client["ect_sent"], server["ce_received"], client["ecn_reductions"]) == (0, 0, 0)


@pytest.mark.parametrize("delayed_ack", ["0ms", "200ms"])
def test_accurate_ecn_and_dctcp_tell_of_every_mark(tmp_path: Path, delayed_ack: str) -> None:
    accurate = {"tcp.ecn": "accurate", "tcp.delayed_ack": delayed_ack}
    client, server, _ = counted(run(tmp_path, **accurate))
    assert client["segments_marked"] == server["ce_received"]
    client, server, _ = counted(run(tmp_path, **accurate, **{"tcp.ecn_option": False}))
    assert client["segments_marked"] == server["ce_received"]
    client, server, _ = counted(run(tmp_path, **{"tcp.congestion": "dctcp", "tcp.ecn": "classic"}))
    full = 1448  # what a segment carries; only the last may be shorter
    assert -full < client["bytes_marked"] - full * server["ce_received"] <= 0


@pytest.mark.parametrize("option", [True, False])
def test_lost_acknowledgements_hide_no_marks(tmp_path: Path, option: bool) -> None:
    """RFC 9768 section 3.2.2.5: with the option the count is right, without it rather too high than too low."""
    settings = {"tcp.ecn": "accurate", "tcp.ecn_option": option, "links.path.reverse.loss": "30%", "seed": 1}
    client, server, _ = counted(run(tmp_path, **settings))
    assert server["ce_received"] > 30
    if option:
        assert client["segments_marked"] == server["ce_received"]
    else:
        assert client["segments_marked"] >= server["ce_received"]
