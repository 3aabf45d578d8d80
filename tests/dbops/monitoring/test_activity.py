from __future__ import annotations

from datetime import timedelta

import pytest

from dbops.monitoring.activity import read_activity
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.monitoring.holding import holding, session, waiting
from tests.dbops.shop import ALIAS, Shop


@pytest.mark.postgresql
def test_sessions_are_shown_with_their_state_busiest_first(shop: Shop) -> None:
    with (
        session(shop, "idler", autocommit=True) as idler,
        holding(shop, "holder"),
        waiting(shop, "waiter"),
    ):
        idler.execute("SELECT 1")
        found = read_activity(ALIAS)
    assert found is not None
    assert [(each.app, each.state) for each in found.rows] == [
        ("waiter", "active"),
        ("holder", "idle in transaction"),
        ("idler", "idle"),
    ]
    first = found.rows[0]
    assert first.query == "UPDATE orders SET note = ? WHERE id = ?"
    assert (first.wait, first.is_client, first.is_ours) == (
        "Lock: transactionid",
        True,
        False,
    )
    assert first.seconds is not None
    assert 0 <= first.seconds < 10
    assert found.used >= 3
    assert found.limit == 197
    assert found.remedy == ""


@pytest.mark.postgresql
def test_statements_are_shown_whole_only_when_asked_for(shop: Shop) -> None:
    with holding(shop, "holder"):
        found = read_activity(ALIAS, with_values=True)
    assert found is not None
    assert found.rows[0].query == "UPDATE orders SET note = 'secret' WHERE id = 1"


@pytest.mark.postgresql
def test_sessions_are_chosen_by_state_and_time(shop: Shop) -> None:
    with holding(shop, "holder"), session(shop, "idler", autocommit=True) as idler:
        idler.execute("SELECT 1")
        apps = [
            [each.app for each in found.rows]
            for found in (
                read_activity(ALIAS, state="idle"),
                read_activity(ALIAS, state="idle-in-transaction"),
                read_activity(ALIAS, state="active"),
                read_activity(ALIAS, longer_than=timedelta(hours=1)),
                read_activity(ALIAS, longer_than=timedelta(0)),
            )
            if found is not None
        ]
    assert apps == [["idler"], ["holder"], [], [], ["holder", "idler"]]


@pytest.mark.postgresql
def test_what_a_role_may_not_see_is_unknown_and_never_left_out(
    shop: Shop, plain_role: str
) -> None:
    with holding(shop, "holder"):
        found = read_activity(PLAIN, state="idle", longer_than=timedelta(hours=1))
    assert found is not None
    (hidden,) = found.rows
    assert (hidden.app, hidden.state, hidden.seconds, hidden.query) == (
        "holder",
        None,
        None,
        None,
    )
    assert found.remedy == f"GRANT pg_monitor TO {plain_role}"


@pytest.mark.sqlite
def test_sqlite_has_no_sessions(shop: Shop) -> None:
    assert read_activity(ALIAS) is None
