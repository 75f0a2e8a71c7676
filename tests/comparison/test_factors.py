"""Axes that advance together."""

from __future__ import annotations

from itertools import product

from testbed.comparison.factors import factor, factors, telling

QUEUES = [
    {"delay": delay, "limit": limit, "loss": loss}
    for (delay, limit), loss in product((("10", "4"), ("10", "34"), ("50", "22"), ("50", "172")), ("0", "1"))
]
"""Queues that fit the delays, of which there are two for each."""

SENDERS = [
    {"eifel": eifel, "rack": rack, "probe": rack, "delay": delay}
    for (eifel, rack), delay in product((("off", "off"), ("on", "off"), ("on", "on")), ("4", "12"))
]


def test_an_axis_that_meets_all_values_of_the_others_is_alone():
    assert factor(["loss"], ["delay", "limit", "loss"], QUEUES) == (("loss",), ())


def test_what_the_axis_tells_goes_along():
    assert factor(["limit"], ["delay", "limit", "loss"], QUEUES) == (("limit",), ("delay",))


def test_what_tells_the_axis_is_compared_with_it():
    assert factor(["delay"], ["delay", "limit", "loss"], QUEUES) == (("delay", "limit"), ())


def test_axes_that_meet_somewhere_are_compared_there():
    """Eifel is on without RACK too."""
    axes = list(SENDERS[0])
    assert factors(axes, SENDERS) == [(("eifel",), ()), (("rack",), ("probe",)), (("delay",), ())]


def test_settings_are_told_by_the_fewest_axes():
    assert telling(list(SENDERS[0]), SENDERS) == ("eifel", "rack", "delay")
    assert telling(["loss", "same"], [row | {"same": "x"} for row in QUEUES]) == ("loss",)
