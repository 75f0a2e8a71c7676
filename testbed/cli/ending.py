"""How a command ends: its exit status, and what is said of a failure. No user's mistake shows a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from testbed.errors import ConfigError, RunError, UnitError, in_words

ALL_WELL: Final = 0
EXPECTATION_FAILED: Final = 1
INPUT_WRONG: Final = 2
RUN_FAILED: Final = 3
INTERRUPTED: Final = 130  # as a shell says it: 128 + SIGINT
PIPE_CLOSED: Final = 141  # 128 + SIGPIPE


def status_of(command: Callable[[], Any]) -> int:
    """Run `command`, which returns its status or None for 0; tell a failure on stderr, a problem a line."""
    try:
        with _tidying_up():
            status = command()
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return _tell("interrupted; nothing half-written is left", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return INPUT_WRONG
    except (ConfigError, UnitError) as error:
        return _tell(str(error), INPUT_WRONG)
    except RunError as error:
        return _tell(f"the run failed: {error}", RUN_FAILED)
    except SystemExit:
        return PIPE_CLOSED  # click exits by itself for one thing only: stdout's reader has gone (`| head`)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it closes stdout
        return PIPE_CLOSED
    except OSError as error:
        return _tell(in_words(error), RUN_FAILED)
    return int(status or ALL_WELL)


@contextmanager
def _tidying_up() -> Iterator[None]:
    """Let a request to end, or a terminal that closes, do as Ctrl-C does: what is half-written goes."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _tell(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status
