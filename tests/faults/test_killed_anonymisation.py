"""kill -9 while a copy is anonymised: nobody can connect to what is left of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.recovery.anonymise import restore_anonymised
from tests.dbops.shop import PostgresqlShop, Shop
from tests.faults.killing import kill_at
from tests.orders.builders import make_customer

RIGHTS = """
    SELECT datname, has_database_privilege('pg_monitor', datname, 'CONNECT')
    FROM pg_database
"""
STEPS = {
    "everything is as it was": "dbops.recovery.anonymise:anonymise",
    "half is rewritten": "stateset.system.anonymise:hold_messages",
}


def can_anybody_enter(books: Shop, name: str) -> bool:
    """Tell whether more than the owner may: another role, or another user."""
    if not isinstance(books, PostgresqlShop):
        return bool(Path(name).stat().st_mode & 0o077)
    rights = dict(books.run(RIGHTS, "postgres"))
    return bool(rights[name])


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_what_a_killed_one_leaves_is_closed_and_goes_with_the_next(
    books: Shop, step: str
) -> None:
    make_customer(email="ana@q.example")
    create_backup(verify="none")
    connections["default"].close()
    before = set(books.databases())
    arguments = ("--latest", "--anonymise", "--into", books.new_name())
    kill_at(step, books, "restore", *arguments)
    left = set(books.databases()) - before
    assert books.new_name() not in left
    assert left
    assert not any(can_anybody_enter(books, each) for each in left)
    restore_anonymised(into=books.new_name())
    assert set(books.databases()) - before == {books.new_name()}
