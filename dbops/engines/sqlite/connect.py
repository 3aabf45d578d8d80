"""Open files read-only, as themselves: a missing file is an error, never made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.errors import DatabaseUnavailableError, DiskError

BUSY_SECONDS = 60.0
PRIMARY_CODE = 0xFF
NOT_WRITTEN = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def database_file(connection: BaseDatabaseWrapper) -> Path:
    """Return the file of the database; raise DatabaseUnavailableError if none."""
    name = str(connection.settings_dict["NAME"])
    if name == ":memory:" or "mode=memory" in name:
        raise DatabaseUnavailableError(
            f"The database {connection.alias!r} has no file.",
            why="it is kept in memory",
            fix="name a file in APP__DATABASE_URL, as sqlite://stateset.db",
        )
    path = Path(name)
    if not path.is_file():
        raise DatabaseUnavailableError(
            f"The database {connection.alias!r} is not there.",
            why=f"there is no file {path}",
            fix="correct APP__DATABASE_URL, or make the database with migrate",
        )
    return path


@contextmanager
def opened(path: Path, *, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """Open an existing file; an error of the block says which file it is about."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(
            sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        ) as database:
            yield database
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
        if mode == "rw" and code in NOT_WRITTEN:
            raise DiskError(
                f"{path.name} was not written.",
                why=f"{path.parent}: {error}",
                fix=f"make room in {path.parent}, or choose another folder",
            ) from error
        raise DatabaseUnavailableError(
            f"{path.name} cannot be read as a database.",
            why=f"{path}: {error}",
            fix="see that the file is a whole SQLite database that nobody locks",
        ) from error
