"""The database of the tests: what a test left open is told, and not waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections

from dbops.engines.registry import get_engine
from dbops.engines.verbs import care
from tests import fresh

HOLDER = {
    "sqlite": "another connection has the file locked",
    "postgresql": r"process \d+ \(.*\) has a transaction open since .*auth_group",
}


@contextmanager
def left_open() -> Iterator[None]:
    """Have another connection write a row, and not say what becomes of it."""
    other = connections.create_connection("default")
    other.set_autocommit(
        autocommit=False, force_begin_transaction_with_broken_autocommit=True
    )
    try:
        with other.cursor() as cursor:
            cursor.execute("UPDATE auth_group SET name = name || '!'")
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_was_left_open_is_named(monkeypatch) -> None:
    monkeypatch.setattr(fresh, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(care, "LOCK_WAIT_SECONDS", 0.2)
    named = pytest.raises(fresh.LeftOpenError, match=HOLDER[connection.vendor])
    impatient = get_engine().waiting_briefly()
    with fresh.kept_fresh() as put_back, left_open(), impatient, named:
        put_back()


@pytest.mark.django_db(transaction=True)
def test_rows_that_were_changed_added_and_deleted_are_as_they_were() -> None:
    before = list(Group.objects.order_by("pk").values())
    with fresh.kept_fresh() as put_back:
        Group.objects.filter(pk=before[0]["id"]).delete()
        Group.objects.filter(pk=before[1]["id"]).update(name="changed")
        Group.objects.create(name="added")
        put_back()
        assert list(Group.objects.order_by("pk").values()) == before
