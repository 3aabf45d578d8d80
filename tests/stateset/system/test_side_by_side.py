"""Questions about one moment: several sessions where they may be had, one elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Barrier, Event, current_thread
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from inventory.models import StockLevel
from stateset.system import side_by_side
from stateset.system.side_by_side import answers_of_one_moment
from tests.dbops.monitoring.holding import until
from tests.inventory.builders import make_level
from tests.threads import at_once

SECONDS = 30

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_cores", lambda: 3)


def on_hand() -> int:
    return StockLevel.objects.get().on_hand


def ask(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def session() -> int:
    return int(ask("SELECT pg_backend_pid()"))


def pids_of_others() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def together(*questions: Callable[[], Any]) -> list[Callable[[], Any]]:
    """Return the questions, of which none is answered before all are begun."""
    begun = Barrier(len(questions))

    def after_all(question: Callable[[], Any]) -> Any:
        begun.wait(timeout=SECONDS)
        return question()

    return [partial(after_all, each) for each in questions]


def test_answers_come_in_the_order_of_their_questions() -> None:
    make_level(on_hand=5)
    numbers = [partial(int, number) for number in range(20)]
    questions: list[Callable[[], int]] = [on_hand, *numbers]
    assert answers_of_one_moment(questions) == [5, *range(20)]
    assert not connection.in_atomic_block


@pytest.mark.postgresql
def test_several_sessions_see_what_the_first_one_sees() -> None:
    make_level(on_hand=5)
    is_written = Event()

    def write() -> None:
        StockLevel.objects.update(on_hand=9)
        is_written.set()

    def wait_for_the_write() -> tuple[int, int]:
        assert is_written.wait(timeout=SECONDS)
        return session(), on_hand()

    def have_it_written() -> tuple[int, int]:
        at_once(write)
        return session(), on_hand()

    answers = answers_of_one_moment(
        together(have_it_written, wait_for_the_write, wait_for_the_write)
    )
    assert {seen for _, seen in answers} == {5}
    asked = {pid for pid, _ in answers}
    assert len(asked) == 3
    assert on_hand() == 9
    until(lambda: not asked & pids_of_others())


@pytest.mark.postgresql
def test_nobody_writes_while_proving() -> None:
    make_level(on_hand=5)

    def write() -> None:
        StockLevel.objects.update(on_hand=9)

    with pytest.raises(Exception, match="read-only transaction"):
        answers_of_one_moment(together(session, session, write))
    assert on_hand() == 5


@pytest.mark.postgresql
def test_what_the_caller_has_not_committed_is_asked_in_its_own_session() -> None:
    with transaction.atomic():
        make_level(on_hand=7)
        answers = answers_of_one_moment([lambda: (session(), on_hand())] * 4)
        assert answers == [(session(), 7)] * 4


@pytest.fixture(params=["a full server", "a server that refuses"])
def refusing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    connection.ensure_connection()
    if request.param == "a full server":
        monkeypatch.setattr(side_by_side, "LEFT_TO_OTHERS", 1_000_000)
    else:
        monkeypatch.setitem(connection.settings_dict, "PASSWORD", "wrong")
        monkeypatch.setitem(connection.settings_dict, "USER", "nobody_at_all")
    yield
    connection.close()


@pytest.mark.postgresql
@pytest.mark.usefixtures("refusing")
def test_one_session_asks_all_where_no_other_may_be_had() -> None:
    make_level(on_hand=5)
    answers = answers_of_one_moment([lambda: (session(), on_hand())] * 4)
    assert answers == [(session(), 5)] * 4


@pytest.mark.postgresql
def test_an_error_in_any_session_ends_all_and_is_raised() -> None:
    begun: list[str] = []

    def fail() -> None:
        ask("SELECT 1 / 0")

    def take_long() -> None:
        begun.append(current_thread().name)
        ask(f"SELECT pg_sleep({SECONDS})")

    before = pids_of_others()
    questions = together(take_long, fail, take_long)
    with pytest.raises(Exception, match="division by zero"):
        answers_of_one_moment([*questions, take_long])
    assert len(begun) == 2
    until(lambda: pids_of_others() <= before)
    assert not connection.in_atomic_block


@pytest.mark.postgresql
def test_who_interrupts_waits_for_no_session() -> None:
    ended: list[str] = []

    def interrupted() -> None:
        if current_thread().name.startswith("one_moment"):
            try:
                ask(f"SELECT pg_sleep({SECONDS})")
            except OperationalError as error:
                ended.append(str(error))
                raise
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answers_of_one_moment(together(interrupted, interrupted, interrupted))
    assert len(ended) == 2
    assert all("user request" in told for told in ended)
    assert not connection.in_atomic_block
