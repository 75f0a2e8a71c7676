"""Cutting what is in flight into smaller segments, when it turns out that large ones do not get through."""

from __future__ import annotations

from collections import deque

from testbed.tcp.recovery.scoreboard import Scoreboard, Sent
from testbed.wire.segment import FIN, SYN


def cut_up(board: Scoreboard, most: int, reason: str) -> bool:
    """Cut what is longer than `most` bytes, and has not arrived, into full segments that are to be sent again; whether
    there was any. They are not declared lost: congestion control has nothing to do with it."""
    records: deque[Sent] = deque()
    run: list[Sent] = []  # those one behind the other that are too long
    found = False
    for record in board.records:
        size = record.end - record.seq - (record.flags & FIN != 0)
        if size > most and not record.sacked and not record.flags & SYN:
            found = True
            run.append(record)
            if not record.lost:
                board.pipe -= record.end - record.seq
        else:
            records.extend(_cut(run, most, reason))
            records.append(record)
            run = []
    records.extend(_cut(run, most, reason))
    if not found:
        return False
    board.records = records
    board.lost = deque([record for record in records if record.lost])
    if board.watched:
        board.unwatch()
        board.watch()
    return True


def _cut(run: list[Sent], most: int, reason: str) -> list[Sent]:
    """The same stretch in lost segments of `most` bytes; a FIN goes with the last."""
    if not run:
        return []
    first, last = run[0], run[-1]
    end = last.end - (last.flags & FIN != 0)
    segments = []
    for seq in range(first.seq, end, most):
        segment = Sent(seq, min(seq + most, end), 0, first.sent_at, first.order)
        segment.retransmissions, segment.mark = first.retransmissions, first.mark
        segment.lost, segment.reason = True, reason
        segments.append(segment)
    segments[-1].end, segments[-1].flags = last.end, last.flags
    return segments
