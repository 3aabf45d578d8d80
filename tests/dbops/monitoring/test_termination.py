from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dbops.engines.registry import get_engine
from dbops.monitoring.activity import read_activity
from dbops.monitoring.termination import Choice, Ending, end_sessions
from stateset.lib import journal
from stateset.lib.errors import UsageError
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.monitoring.holding import holding, session, waiting
from tests.dbops.shop import ALIAS, Shop

ALIVE = "SELECT application_name FROM pg_stat_activity WHERE pid = {}"
NOW = timedelta(0)


def results(endings: list[Ending] | None) -> list[tuple[str, str]]:
    assert endings is not None
    return [(ending.result, ending.why) for ending in endings]


def is_alive(shop: Shop, pid: int) -> bool:
    return bool(shop.run(ALIVE.format(pid)))


@pytest.mark.postgresql
def test_a_plan_ends_nothing_and_records_nothing(
    shop: Shop, entries: list[journal.Entry]
) -> None:
    with holding(shop, "holder") as pid:
        endings = end_sessions(Choice([pid]), alias=ALIAS, reason="it hangs")
        assert results(endings) == [("planned", "")]
        assert is_alive(shop, pid)
    assert entries == []


@pytest.mark.postgresql
def test_a_session_is_ended_and_the_journal_says_whose(
    shop: Shop, entries: list[journal.Entry]
) -> None:
    with holding(shop, "holder") as pid:
        endings = end_sessions(
            Choice([pid]), alias=ALIAS, reason="it hangs", apply=True
        )
        assert results(endings) == [("done", "")]
        assert not is_alive(shop, pid)
    (entry,) = entries
    assert (entry.action, entry.resource_type, entry.resource_id, entry.outcome) == (
        "session.terminate",
        "session",
        str(pid),
        "success",
    )
    assert entry.details["app"] == "holder"
    assert entry.details["user"] == shop.settings["USER"]
    assert entry.details["state"] == "idle in transaction"
    assert "secret" not in str(entry.details)


@pytest.mark.postgresql
def test_a_cancel_ends_the_statement_and_keeps_the_session(shop: Shop) -> None:
    with holding(shop, "holder"), waiting(shop, "waiter") as pid:
        endings = end_sessions(
            Choice([pid]), alias=ALIAS, cancel=True, reason="it waits", apply=True
        )
        assert results(endings) == [("done", "")]
        assert is_alive(shop, pid)


@pytest.mark.postgresql
def test_a_cancel_of_who_runs_nothing_is_refused_in_words(shop: Shop) -> None:
    with holding(shop, "holder") as pid:
        endings = end_sessions(
            Choice([pid]), alias=ALIAS, cancel=True, reason="it hangs", apply=True
        )
    why = "it is idle in transaction: a cancel does nothing to it, leave --cancel out"
    assert results(endings) == [("refused", why)]


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "app", ["stateset backup", "stateset-command", "stateset-operation", "pg_dump"]
)
def test_our_own_operations_are_left_alone(shop: Shop, app: str) -> None:
    with holding(shop, app) as pid:
        endings = end_sessions(Choice([pid]), alias=ALIAS, reason="no", apply=True)
        assert results(endings) == [
            ("refused", f"it is {app}: stop that program instead")
        ]
        assert is_alive(shop, pid)


@pytest.mark.postgresql
def test_a_number_that_somebody_else_has_by_now_is_not_hit(shop: Shop) -> None:
    with holding(shop, "holder") as pid:
        found = read_activity(ALIAS)
        assert found is not None
        (planned,) = found.rows
        assert planned.started_at is not None
        earlier = replace(planned, started_at=planned.started_at - timedelta(seconds=1))
        assert get_engine(ALIAS).end_session(earlier, cancel=False) is False
        assert is_alive(shop, pid)


@pytest.mark.postgresql
def test_an_operation_is_not_hit_even_where_the_plan_says_so(shop: Shop) -> None:
    with holding(shop, "stateset restore") as pid:
        found = read_activity(ALIAS)
        assert found is not None
        assert get_engine(ALIAS).end_session(found.rows[0], cancel=False) is False
        assert is_alive(shop, pid)


@pytest.mark.postgresql
def test_a_filter_takes_those_of_a_state_and_an_age(shop: Shop) -> None:
    with (
        holding(shop, "holder") as holder,
        session(shop, "idler", autocommit=True) as idler,
    ):
        idler.execute("SELECT 1")
        choice = Choice(state="idle", older_than=timedelta(hours=1))
        assert end_sessions(choice, alias=ALIAS, reason="r", apply=True) == []
        choice = Choice(state="idle", older_than=NOW)
        endings = end_sessions(choice, alias=ALIAS, reason="r", apply=True)
        assert endings is not None
        assert [ending.pid for ending in endings] == [idler.info.backend_pid]
        assert is_alive(shop, holder)
        assert not is_alive(shop, idler.info.backend_pid)


@pytest.mark.postgresql
def test_no_session_of_another_database_is_found(shop: Shop) -> None:
    (row,) = shop.run("SELECT pg_backend_pid()", "postgres")
    endings = end_sessions(Choice([row[0]]), alias=ALIAS, reason="r", apply=True)
    assert results(endings) == [
        ("refused", "no session of this database has this number")
    ]


@pytest.mark.postgresql
def test_a_role_without_rights_ends_its_own_sessions_only(
    shop: Shop, plain_role: str
) -> None:
    with holding(shop, "holder") as pid:
        endings = end_sessions(Choice([pid]), alias=PLAIN, reason="r", apply=True)
        assert results(endings) == [
            ("refused", "it is hidden from this role, so its start is unknown")
        ]
        shop.run(f"GRANT pg_monitor TO {plain_role}")
        endings = end_sessions(Choice([pid]), alias=PLAIN, reason="r", apply=True)
        assert endings is not None
        (ending,) = endings
        assert ending.result == "refused"
        assert ending.why.endswith(
            f"have a DBA run: GRANT pg_signal_backend TO {plain_role}; a superuser's"
            " session takes a superuser"
        )
        assert is_alive(shop, pid)


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (Choice(), "neither a number nor a filter is given"),
        (Choice([1], "idle", NOW), "both numbers and a filter are given"),
        (Choice(state="idle"), "half a filter would end sessions that are at work"),
        (Choice(older_than=NOW), "half a filter would end sessions that are at work"),
    ],
)
def test_who_is_meant_must_be_said(choice: Choice, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        end_sessions(choice, reason="r")
    assert caught.value.why == why


def test_why_must_be_said() -> None:
    with pytest.raises(UsageError) as caught:
        end_sessions(Choice([1]), reason="  ")
    assert caught.value.why == "the reason is empty"


@pytest.mark.sqlite
def test_sqlite_has_no_sessions_to_end(shop: Shop) -> None:
    assert end_sessions(Choice([1]), alias=ALIAS, reason="r", apply=True) is None
