from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest

from dbops.errors import OperationStoppedError
from dbops.stopping import stoppable


def stop(number: signal.Signals, steps: list[str], *, times: int = 1) -> None:
    """Send this process a signal while it works, and more while it cleans up."""
    try:
        os.kill(os.getpid(), number)
        time.sleep(5)
    finally:
        for _ in range(times - 1):
            os.kill(os.getpid(), number)
        steps.append("cleaned")


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    """Have what a terminal has: under nohup a hangup is passed over, also here."""
    kept = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, kept)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_the_block(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    steps: list[str] = []
    with pytest.raises(OperationStoppedError) as caught, stoppable("The backup"):
        stop(number, steps)
    assert str(caught.value) == (
        "The backup was stopped.\n"
        f"  why: signal {number} arrived ({number.name})\n"
        "  fix: nothing is half done; start it again"
    )
    assert steps == ["cleaned"]
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_disturb_the_cleaning() -> None:
    steps: list[str] = []
    with pytest.raises(OperationStoppedError), stoppable("The backup"):
        stop(signal.SIGTERM, steps, times=3)
    assert steps == ["cleaned"]


def test_it_passes_through_handlers_of_exceptions() -> None:
    def careless() -> None:
        with suppress(Exception):
            stop(signal.SIGTERM, [])

    with pytest.raises(OperationStoppedError), stoppable("The backup"):
        careless()


def test_a_handler_of_somebody_else_stays() -> None:
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append("theirs"))
    try:
        with stoppable("The backup"):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["theirs"]


def test_in_a_thread_nothing_changes() -> None:
    seen = []

    def work() -> None:
        with stoppable("The backup"):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
