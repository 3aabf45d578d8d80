from __future__ import annotations

import os
import signal
import time
from threading import Thread

import pytest

from dbops.errors import OperationStoppedError
from dbops.stopping import stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_the_block(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    steps = []
    with pytest.raises(OperationStoppedError) as caught, stoppable("The backup"):
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            steps.append("cleaned")
    assert str(caught.value) == (
        "The backup was stopped.\n"
        f"  why: signal {number} arrived ({number.name})\n"
        "  fix: nothing is half done; start it again"
    )
    assert steps == ["cleaned"]
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_disturb_the_cleaning() -> None:
    steps = []
    with pytest.raises(OperationStoppedError), stoppable("The backup"):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("cleaned")
    assert steps == ["cleaned"]


def test_it_passes_through_handlers_of_exceptions() -> None:
    with pytest.raises(OperationStoppedError), stoppable("The backup"):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except Exception:  # noqa: BLE001 -- as a careless library does
            pytest.fail("the signal was swallowed")


def test_a_handler_of_somebody_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
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
