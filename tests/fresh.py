"""The test database as ``migrate`` left it: kept, and put back after real commits.

Django would empty every table and have each app make its first rows anew, which is
half a second after each test that commits, on one engine as on the other. SQLite's
file is also kept for the next run of the same code, whose workers would each take
ten seconds to make it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import management
from django.db import connection, transaction

from tests.house.tree import ROOT, product_modules

KEPT = ROOT / ".pytest_cache" / "databases"
PutBack = Callable[[], None]


def migrate_once(patch: pytest.MonkeyPatch) -> None:
    """Have the next ``migrate`` of SQLite copy the file of an earlier run, if any.

    The file is named by all the code there is: after any change of it, or of the
    packages, migrations are run.
    """
    command = management.call_command

    def call_command(name: str, *arguments: Any, **options: Any) -> Any:
        if name != "migrate":
            return command(name, *arguments, **options)
        patch.undo()
        kept = KEPT / f"{settings.ADMIN_THEME}-{_code()}.db"
        try:
            return shutil.copyfile(kept, connection.settings_dict["NAME"])
        except FileNotFoundError:
            command(name, *arguments, **options)
        return _keep(kept)

    if connection.vendor == "sqlite":
        patch.setattr(management, "call_command", call_command)


def _code() -> str:
    digest = sha256(sqlite3.sqlite_version.encode())
    for path in (ROOT / "uv.lock", ROOT / "tests" / "settings.py", *product_modules()):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _keep(kept: Path) -> None:
    """Keep the file in place of those of older code; whole, or not at all."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for older in KEPT.glob(f"{settings.ADMIN_THEME}-*.db"):
        older.unlink(missing_ok=True)
    connection.ensure_connection()
    new = KEPT / f"{os.getpid()}.new"
    with closing(sqlite3.connect(new)) as copy:
        connection.connection.backup(copy)
    new.rename(kept)


def kept_fresh() -> AbstractContextManager[PutBack]:
    """Keep what the database holds now; give what puts it back."""
    creation: Any = connection.creation
    if str(connection.settings_dict["NAME"]) != creation._get_test_db_name():
        # No test of this run needs a database of its own, so none was made.
        return nullcontext(lambda: None)
    return {"sqlite": _pages, "postgresql": _rows}[connection.vendor]()


@contextmanager
def _pages() -> Iterator[PutBack]:
    """Keep the pages of the file, to be written over whatever it has become.

    The triggers are in them; those of the connection stay with the connection.
    """
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as kept:
        connection.ensure_connection()
        connection.connection.backup(kept)

        def put_back() -> None:
            connection.ensure_connection()
            kept.backup(connection.connection)

        yield put_back


@contextmanager
def _rows() -> Iterator[PutBack]:
    """Keep the rows of the few tables that have any; all others are emptied.

    As a replica of another server would, so that no key, ledger or audit minds it.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        kept = {table: _copy_out(table) for table in _filled(tables)}

    def put_back() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in _filled(tables):
                cursor.execute(f"DELETE FROM {_name(table)}")  # noqa: S608 -- our tables
            for table, rows in kept.items():
                with cursor.copy(f"COPY {_name(table)} FROM STDIN") as copy:
                    copy.write(rows)

    yield put_back


def _filled(tables: list[str]) -> list[str]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {_name(table)})"  # noqa: S608 -- our tables
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


def _copy_out(table: str) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_name(table)} TO STDOUT") as copy,
    ):
        return b"".join(copy)


def _name(table: str) -> str:
    return connection.ops.quote_name(table)
