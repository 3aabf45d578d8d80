"""What fills every table, done once and copied by whoever needs it later.

It lives through half a year of a company: many seconds, of which a copy takes none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.db import connection

from tests.house.tree import ROOT
from tests.migrated import KEEPERS, KEPT, alone, code, keep
from tests.serials import numbers_of_a_copy


def filled_by(fill: Callable[[], None]) -> None:
    """Have the database of the test as ``fill`` leaves it.

    A copy is made of an SQLite file and under no transaction: any other test fills
    anew. It is that of the same day, since some rows are of today.
    """
    assert not get_user_model().objects.exists(), "a copy would replace what is there"
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        fill()
        return
    keeper = KEEPERS[connection.vendor]()
    today = f"{keeper.version()} {datetime.now(UTC).date()}"
    kept = KEPT / f"filled-{code(today, *sorted((ROOT / 'tests').rglob('*.py')))}"
    with alone("filled"):
        if not kept.exists():
            with numbers_of_a_copy():
                fill()
            keep(keeper, kept)
            return
    with closing(sqlite3.connect(kept)) as source:
        connection.ensure_connection()
        source.backup(connection.connection)
