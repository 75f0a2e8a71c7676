"""The settings: their defaults are the RFCs', and what cannot work is refused with its name first."""

from __future__ import annotations

import pytest

from testbed.clock import MILLISECOND, SECOND
from testbed.errors import UnitError
from testbed.tcp.config import SETTINGS, TcpConfig

RFC_DEFAULTS = {
    "rto_initial": SECOND,  # 6298 section 2.1
    "rto_min": SECOND,  # 6298 section 2.4
    "rto_max": 60 * SECOND,  # 6298 section 2.5
    "initial_window": 10,  # 6928
    "dupack_threshold": 3,  # 5681
    "idle_restart": True,  # 5681 section 4.1
    "nagle": True,  # 9293 SHLD-7
    "ack_every": 2,  # 9293 SHLD-19
    "msl": 120 * SECOND,  # 9293 section 3.4.2
    "keepalive": False,  # 9293 MUST-25
    "keepalive_idle": 7200 * SECOND,  # 9293 MUST-28
    "window_scaling": True,
    "timestamps": True,
    "sack": True,
}


@pytest.mark.parametrize("name", RFC_DEFAULTS)
def test_the_default_is_the_rfcs(name):
    assert getattr(TcpConfig(), name) == RFC_DEFAULTS[name]
    assert name in SETTINGS


def test_an_acknowledgement_waits_for_less_than_half_a_second():
    """MUST-40"""
    assert 0 < TcpConfig().delayed_ack < 500 * MILLISECOND


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rto_max", 500 * MILLISECOND),
        ("rto_min", 0),
        ("delayed_ack", 500 * MILLISECOND),
        ("initial_window", 0),
        ("dupack_threshold", 0),
        ("ack_every", 0),
        ("receive_buffer", 0),
        ("send_buffer", 0),
        ("mss", 31),
        ("timestamp_tick", 2 * SECOND),
        ("timestamp_tick", MILLISECOND - 1),
        ("initial_sequence", 2**32),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(name, value):
    with pytest.raises(UnitError, match=f"^{name} "):
        TcpConfig(**{name: value})


@pytest.mark.parametrize(
    ("receive_buffer", "shift"),
    [(1, 0), (65_535, 0), (65_536, 1), (131_070, 1), (131_072, 2), (1 << 20, 5), (1 << 30, 14), (1 << 40, 14)],
)
def test_the_scale_is_the_least_that_shows_the_whole_buffer(receive_buffer, shift):
    assert TcpConfig(receive_buffer=receive_buffer).window_scale == shift
