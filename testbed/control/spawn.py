"""Agents on this computer, as processes: started, watched, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Final

from testbed.control.secret import VARIABLE

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit status of a command that SIGINT, SIGTERM or SIGHUP has ended, as a shell has it."""


class Process:
    """One agent. It has a session of its own, so that Ctrl-C on the terminal reaches the controller only.

    What it writes to stderr, such as a guest's `print`, goes to ours.
    """

    def __init__(self, name: str, port: int, secret: str) -> None:
        command = [sys.executable, "-m", "testbed", "agent", "--join", f"127.0.0.1:{port}", "--name", name]
        self._process = subprocess.Popen(
            [*command, "--wait", "0"], env=os.environ | {VARIABLE: secret}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stderr is not None
        self._pipe = self._process.stderr
        os.set_blocking(self._pipe.fileno(), False)
        self._last_line = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._listen)

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it, whatever it does, also when it has been stopped; and wait until the system has its remains."""
        if not self.ended:
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """`kill`, and let go of it."""
        self.kill()
        self._listen()
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()

    def last_words(self) -> str:
        """How it ended: `was killed by SIGKILL`, or with which status, and what it last complained of."""
        self._listen()
        code = self._process.wait()
        if code == INTERRUPTED:
            return "was interrupted"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        complaint = self._last_line.decode(errors="replace")
        return f"ended with status {code}" + (f": {complaint}" if complaint else "")

    def _listen(self) -> None:
        """Pass on what it has written."""
        try:
            while text := os.read(self._pipe.fileno(), 1 << 16):
                sys.stderr.write(text.decode(errors="replace"))
                self._last_line = text.strip().rpartition(b"\n")[2] or self._last_line
        except BlockingIOError:
            return
        self._loop.remove_reader(self._pipe.fileno())
