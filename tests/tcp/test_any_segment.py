"""Whatever a peer, an attacker or a network sends: no crash, no lie, no missing timer.

Random stories. After each step the harness checks what must always hold; here is added what a peer may do at most.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.wire.segment import RST, read_flags

FLAGS = [
    "ACK", "ACK", "ACK", "ACK,PSH", "FIN,ACK", "SYN", "SYN,ACK", "RST", "RST,ACK", "FIN", "PSH", "URG,ACK", "SYN,FIN",
]  # fmt: skip

NEAR = st.one_of(st.integers(-5, 5), st.sampled_from([-70_000, -1000, 500, 1000, 2000, 4000, 70_000, 2**31, 2**32 - 1]))

SEGMENTS = st.tuples(
    st.just("receive"), st.sampled_from(FLAGS), NEAR, NEAR, st.sampled_from([0, 0, 1, 500, 1000]),
    st.sampled_from([0, 1, 900, 5000, 0xFFFF]),
)  # fmt: skip
HONEST = st.tuples(st.just("honest"), st.sampled_from([0, 10, 1000]), st.sampled_from([0, 500, 5000, 0xFFFF]))
ACTIONS = st.tuples(
    st.sampled_from(["write", "read", "close", "release", "abort", "tick"]), st.sampled_from([1, 50, 700, 3000, 70_000])
)
STEPS = st.lists(st.one_of(HONEST, SEGMENTS, ACTIONS), max_size=40)

SETTINGS = st.fixed_dictionaries(
    {
        "timestamps": st.booleans(),
        "sack": st.booleans(),
        "nagle": st.booleans(),
        "keepalive": st.booleans(),
        "window_scaling": st.booleans(),
        "receive_buffer": st.sampled_from([1, 3000, 0xFFFF, 100_001]),
        "send_buffer": st.sampled_from([1, 5000, 1 << 20]),
        "data_retries": st.sampled_from([1, 15]),
        "user_timeout": st.sampled_from([0, 3_000_000_000]),
        "delayed_ack": st.sampled_from([0, 200_000_000]),
    }
)


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(
    isns=st.sampled_from([(0, 1), (2**32 - 2, 2**32 - 3)]),
    passive=st.booleans(),
    handshake=st.booleans(),
    tcp=SETTINGS,
    steps=STEPS,
)
def test_nothing_that_arrives_breaks_anything(new_story, stream, isns, passive, handshake, tcp, steps):
    s = new_story(*isns, passive=passive, **tcp)
    begin(s, handshake)
    read = b""
    for step, *arguments in steps:
        s.take()
        if s.state in ("CLOSED", "LISTEN"):
            break
        if step == "receive":
            receive_anything(s, *arguments)
        elif step == "honest":
            data, window = arguments
            s.receive("ACK", data=data, window=window)
        elif step == "tick":
            s.tick(f"{arguments[0]}ms")
        elif step == "write":
            s.write(arguments[0])
        elif step == "read":
            read += s.read(arguments[0])
        else:
            getattr(s, step)()
        assert_sane(s)
    s.take()
    assert read == stream(1, len(read))
    s.tick("3000s")
    s.take()


def begin(s, handshake):
    options = {
        "mss": 1000,
        "timestamp": 5 if s.config.timestamps else None,
        "sack_permitted": s.config.sack,
        "window_scale": 2,
    }
    if handshake:
        s.established(**options)
    elif s.connection.active:
        s.open()
    else:
        s.receive("SYN", seq=0, **options)


def receive_anything(s, flags, seq, ack, data, window):
    """A segment with numbers near, or far from, the right ones; its text is always that of its place."""
    next_before, sender = s.peer_next, s.connection.sender
    receiver = s.connection.receiver
    if receiver is None:
        place = 0  # its number would become the initial one, and the pattern begins there
    else:
        place = receiver.next - s.peer_isn + seq
        place = max(place, 0) if data else place
    s.receive(flags, seq=place, ack=sender.una - s.isn + ack, data=data, window=window)
    s.peer_next = next_before if receiver is None else s.connection.receiver.next - s.peer_isn
    if read_flags(flags) & RST:
        assert not any(segment.flags & RST for _, segment in s.sent), "a reset was answered by a reset"


def assert_sane(s):
    connection = s.connection
    sender, receiver = connection.sender, connection.receiver
    assert sender.una <= sender.next <= sender.highest
    assert sender.board.pipe >= 0
    assert sum(record.end - record.seq for record in sender.board.records) == max(sender.next - sender.una, 0)
    if receiver is not None:
        unit = 1 << s.config.window_scale if connection.output.scale else 1
        assert receiver.reassembly.unread < s.config.receive_buffer + unit
        assert receiver.next >= receiver.initial + 1
