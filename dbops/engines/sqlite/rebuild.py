"""Build a new file beside the old one, then put it in its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import disk_errors, fsync_path
from dbops.engines.sqlite.configuration import JOURNAL_MODE
from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.restore import SIDE_SUFFIXES
from dbops.engines.sqlite.vacuum import in_use
from dbops.engines.sqlite.waiting import is_lock_timeout, wait_briefly

DRAFT_SUFFIX = "-rebuilding"
ONE_FILE = "PRAGMA journal_mode = DELETE"


def rebuild(connection: BaseDatabaseWrapper, build: Callable[[], Any]) -> None:
    """Have ``build`` fill a draft; until it is whole the old file stays as it is."""
    path = database_file(connection)
    draft = path.with_name(path.name + DRAFT_SUFFIX)
    connection.close()
    try:
        _remove(draft)
        _require_alone(path)
        with _pointed_at(connection, draft):
            connection.prepare_database()
            build()
        with opened(draft, mode="rw") as database:
            # Without side files: SQLite would look for those of the new name.
            database.execute(ONE_FILE).fetchall()
        _require_alone(path)
        with disk_errors(f"{path.name} was not made anew.", path.parent):
            draft.replace(path)
            fsync_path(path.parent)
        with opened(path, mode="rw") as database:
            database.execute(JOURNAL_MODE).fetchall()
    finally:
        _remove(draft)


@contextmanager
def _pointed_at(connection: BaseDatabaseWrapper, path: Path) -> Iterator[None]:
    """Have Django's own connection open another file in the block."""
    settings = connection.settings_dict
    name = settings["NAME"]
    settings["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = name


def _require_alone(path: Path) -> None:
    """Leave WAL mode, which SQLite allows only to the last connection."""
    with opened(path, mode="rw") as database:
        try:
            database.execute(wait_briefly()).fetchall()
            database.execute(ONE_FILE).fetchall()
        except sqlite3.OperationalError as error:
            if not is_lock_timeout(error):
                raise
            raise in_use(path, f"{path.name} was not made anew.") from error


def _remove(draft: Path) -> None:
    for suffix in ("", *SIDE_SUFFIXES):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
