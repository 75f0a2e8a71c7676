"""What a sender begins with when both ends have synchronised: its window, its control, its way to find losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.tcp.congestion import Start, initial_window
from testbed.tcp.path import path_mtu
from testbed.tcp.recovery.detection import LossDetection, SackCount
from testbed.tcp.recovery.rack import Rack
from testbed.tcp.recovery.recovery import Recovery
from testbed.tcp.sending import pacing
from testbed.tcp.sending.delivery import Delivery

if TYPE_CHECKING:
    from testbed.tcp.sending.sender import Sender


def begin(sender: Sender, now: int) -> None:
    """Both ends have synchronised, and `mss` is known: the window is the initial one.

    RFC 6928 section 2; one segment when the SYN was lost more than once (section 2, last paragraph).
    """
    window = sender.mss if sender.expiries > 1 else initial_window(sender.config.initial_window, sender.mss)
    if sender.expiries:
        sender.rtt.handshake_repeated()
    sender.expiries = 0
    sender.last_sent_at = now
    sender.output.payload_limit = sender.mss
    sender.recovery = Recovery(sender.mss, sender.config, sender.initial)
    sender.sack = sender.output.sack
    if sender.sack:
        sender.detection = _build_detection(sender)
        sender.probing = sender.config.tail_loss_probe
    _start_control(sender, now, window)
    if sender.path.mtu < sender.path.ceiling:
        path_mtu.begin(sender, now)
    sender.tell(now, "connection established")


def _build_detection(sender: Sender) -> LossDetection:
    config, board = sender.config, sender.board
    if config.rack:
        return Rack(board, sender.timers, config.dupack_threshold, sender.rtt.srtt)
    return SackCount(board, sender.mss, config.dupack_threshold)


def _start_control(sender: Sender, now: int, window: int) -> None:
    config = sender.config
    paced = config.pacing == pacing.ON
    rtt = 0 if sender.rtt.backed_off else sender.rtt.srtt
    start = Start(sender.mss, window, config.abe, paced, seed=sender.initial, rtt=rtt, sack=sender.sack)
    sender.control = config.congestion.build(start)
    sender.told = () if sender.control.variables and sender.tracer.hears("control") else None
    if sender.control.samples:
        sender.delivery = Delivery(now)
    sender.paced = paced or (config.pacing == pacing.AUTO and sender.control.pacing_rate > 0)
    if sender.paced:
        sender.set_pace()
