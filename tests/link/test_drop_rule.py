"""Exact drops: what the words mean, and what they are refused for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import UnitError
from testbed.link.drop_rule import KINDS, DropList, DropRule, drop
from testbed.link.spec import DirectionSpec
from testbed.wire.segment import ACK

HOSTS = {"a": 0x0A000001, "b": 0x0A000002}


def dropped(rules, packets):
    """The numbers (from 1) of those packets that the rules drop."""
    judge = DropList(tuple(drop(rule) for rule in rules), HOSTS)
    return [number for number, packet in enumerate(packets, 1) if judge.judge(packet)]


@pytest.fixture
def exchange(packet):
    """A short connection from a to b, both directions, with one retransmission."""

    def back(**fields):
        return packet(source=HOSTS["b"], destination=HOSTS["a"], source_port=5001, destination_port=1000, **fields)

    return [
        packet(40, seq=99, flags="SYN"),  # 1
        back(size=40, seq=199, flags="SYN-ACK"),  # 2
        packet(40, seq=100),  # 3: pure ACK
        packet(140, seq=100),  # 4: data
        packet(140, seq=200),  # 5: data
        back(size=40, seq=200),  # 6: pure ACK
        packet(140, seq=100),  # 7: the first again
        packet(140, seq=300, flags="FIN-ACK"),  # 8: data and FIN
        back(size=40, seq=200, flags="FIN-ACK"),  # 9
        back(size=40, seq=200, flags="FIN-ACK"),  # 10: again
        packet(40, seq=401, flags="RST"),  # 11
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("the first SYN", [1]),
        ("the second SYN", []),  # a SYN-ACK is no SYN
        ("the first SYN-ACK", [2]),
        ("the first FIN", [8]),
        ("the first FIN from a", [8]),
        ("the first FIN from b", [9]),
        ("the 2nd fin from b", [10]),
        ("every FIN", [8, 9, 10]),
        ("First ACK", [3]),
        ("every ACK from b", [6]),
        ("the third data segment", [7]),
        ("every data packet to b", [4, 5, 7, 8]),
        ("the first retransmission", [7]),
        ("the first retransmission from b", [10]),
        ("the second retransmission", [10]),
        ("the first RST", [11]),
        ("the fifth packet from a", [7]),
        ("the second segment from b to a", [6]),
        ("the first FIN from b:5001 to a:1000", [9]),
        ("the first FIN from port 5001", [9]),
        ("the first FIN to b:80", []),
    ],
)
def test_a_rule_drops_what_it_says(exchange, rule, expected):
    assert dropped([rule], exchange) == expected


def test_numbers_count_all_that_comes(exchange):
    assert dropped([3, 11, 400], exchange) == [3, 11]


def test_rules_count_what_others_drop(exchange):
    assert dropped([8, "the first FIN", "the second FIN"], exchange) == [8, 9]


def test_a_retransmission_is_known_across_the_wrap(packet):
    segments = [
        packet(140, seq=2**32 - 50),
        packet(140, seq=50),
        packet(140, seq=2**32 - 50),
        packet(140, seq=150),
    ]
    assert dropped(["every retransmission"], segments) == [3]


def test_a_link_drops_by_number_and_rule_before_the_queue(bench, packet):
    lab = bench(DirectionSpec(rate=8_000_000, drop=(2, drop("the first FIN from a"))))
    for number, flags in enumerate((ACK, ACK, ACK, "FIN-ACK", ACK), 1):
        lab.push(packet(1000, seq=number, flags=flags))
    lab.run()
    assert lab.numbers == [1, 3, 5]
    assert lab.times[-1] == 3_000_000
    assert lab.link.stats.drops_by_reason == {"drop rule": 2}


def test_a_changed_list_counts_from_the_change(bench, numbered):
    lab = bench(DirectionSpec(drop=(1,)))
    lab.push_all(numbered(6), apart=10)
    lab.change(DirectionSpec(drop=(2,)), at=25)
    assert lab.run().numbers == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FIN", "the first FIN from a"),
        ("the last FIN", "'last' does not say which"),
        ("the 2th FIN", "'2th' does not say which"),
        ("the first UDP", "one of SYN, SYN-ACK"),
        ("the first FIN from a:http", "not 'a:http'"),
        ("the first FIN by a", "the first FIN from a"),
        (0, "numbered from 1"),
        (True, "the first FIN from a"),
        (1.5, "the first FIN from a"),
        (None, "the first FIN from a"),
    ],
)
def test_words_that_make_no_rule_are_refused_with_an_example(text, says):
    with pytest.raises(UnitError) as error:
        drop(text)
    assert says in str(error.value)


def test_a_machine_that_is_not_there_is_refused(bench):
    with pytest.raises(UnitError, match=r"no machine is called 'c', as 'the first FIN from c' says: one of a, b"):
        bench(DirectionSpec(drop=(drop("the first FIN from c"),)))


@given(
    st.builds(
        DropRule,
        kind=st.sampled_from(sorted(KINDS)),
        nth=st.integers(0, 10**6),
        source=st.sampled_from(["", "a"]),
        source_port=st.integers(0, 65535),
        destination=st.sampled_from(["", "r-1"]),
        destination_port=st.integers(0, 65535),
    )
)
def test_a_rule_written_out_reads_the_same(rule):
    assert drop(str(rule)) == rule
