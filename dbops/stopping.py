"""Ctrl-C and SIGTERM end an operation tidily instead of where it stands."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dbops.errors import OperationStoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Received(BaseException):
    """Passes through every ``except Exception`` on its way to ``stoppable``."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable(what: str) -> Iterator[None]:
    """Let a signal unwind the block, then raise OperationStoppedError.

    Without this SIGTERM ends Python at once and no ``finally`` runs. Where somebody
    else handles the signals (a worker, an outer block, a thread) nothing changes.
    Further signals are ignored while the block cleans up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced = {
        number: handler
        for number in SIGNALS
        if (handler := signal.getsignal(number))
        in {signal.SIG_DFL, signal.default_int_handler}
    }

    def receive(number: int, _frame: FrameType | None) -> None:
        for each in replaced:
            signal.signal(each, signal.SIG_IGN)
        raise _Received(number)

    try:
        for number in replaced:
            signal.signal(number, receive)
        yield
    except _Received as received:
        raise OperationStoppedError(
            f"{what} was stopped.",
            why=f"signal {received.number} arrived"
            f" ({signal.Signals(received.number).name})",
            fix="nothing is half done; start it again",
        ) from None
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Let no signal unwind the block: half way through it is no place to stop.

    It is for the last steps of an operation, which are short; a signal is dropped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
