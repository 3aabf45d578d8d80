"""The database of the tests, migrated once and kept for the next run of the same code.

All migrations take a worker more than ten seconds, a copy of what they make less than
one. The first worker makes it while those of the same engine wait; whoever comes
later copies. No theme has a say in it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core import management
from django.db import connection

from tests.house.tree import ROOT, product_modules

KEPT = ROOT / ".pytest_cache" / "databases"


def migrate_once(patch: pytest.MonkeyPatch) -> None:
    """Have the next ``migrate`` copy what an earlier run or worker has made, if any.

    It is named by all the code there is: after any change of it, or of the packages
    or the server, migrations are run.
    """
    command = management.call_command

    def call_command(name: str, *arguments: Any, **options: Any) -> Any:
        if name != "migrate":
            return command(name, *arguments, **options)
        patch.undo()
        keeper = KEEPERS[connection.vendor]()
        with alone(connection.vendor):
            kept = KEPT / f"{connection.vendor}-{code(keeper.version())}"
            if kept.exists():
                return keeper.copy_in(kept)
            command(name, *arguments, **options)
            return keep(keeper, kept)

    patch.setattr(management, "call_command", call_command)


class Keeper(ABC):
    """How the test database of one engine is kept in a file, and made of one."""

    @abstractmethod
    def version(self) -> str:
        """Return the version of what reads and writes the database."""

    @abstractmethod
    def copy_in(self, kept: Path) -> None:
        """Make the empty test database what the file says."""

    @abstractmethod
    def copy_out(self, new: Path) -> bool:
        """Write the test database to the file; say whether that can be done here."""


class SqliteKeeper(Keeper):
    """A copy of the file."""

    def version(self) -> str:
        return sqlite3.sqlite_version

    def copy_in(self, kept: Path) -> None:
        shutil.copyfile(kept, connection.settings_dict["NAME"])

    def copy_out(self, new: Path) -> bool:
        connection.ensure_connection()
        with closing(sqlite3.connect(new)) as copy:
            connection.connection.backup(copy)
        return True


class PostgresqlKeeper(Keeper):
    """A dump, which outlives the server."""

    def version(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])

    def copy_in(self, kept: Path) -> None:
        name = connection.settings_dict["NAME"]
        done = _program("pg_restore", f"--dbname={name}", "--no-owner", "-1", str(kept))
        if done.returncode:
            raise RuntimeError(f"The kept database cannot be restored:\n{done.stderr}")

    def copy_out(self, new: Path) -> bool:
        # Programs older than a server of the caller's are no reason to stop.
        return not _program("pg_dump", "-Fc", "-Z0", f"--file={new}").returncode


KEEPERS: dict[str, type[Keeper]] = {
    "sqlite": SqliteKeeper,
    "postgresql": PostgresqlKeeper,
}


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Have other runs and workers that want the same wait."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def code(version: str, *more: Path) -> str:
    """Return what names all the code there is, and these files."""
    digest = sha256(version.encode())
    own = (ROOT / "uv.lock", ROOT / "tests" / "settings.py")
    for path in (*own, *product_modules(), *more):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def keep(keeper: Keeper, kept: Path) -> None:
    """Keep it in place of those of older code; whole, or not at all."""
    for older in KEPT.glob(f"{kept.name.partition('-')[0]}-*"):
        older.unlink(missing_ok=True)
    new = KEPT / f"{os.getpid()}.new"
    try:
        if keeper.copy_out(new):
            new.rename(kept)
    finally:
        new.unlink(missing_ok=True)


def _program(*arguments: str) -> subprocess.CompletedProcess[str]:
    settings = connection.settings_dict
    variables = {
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"]),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }
    return subprocess.run(
        arguments,
        env=os.environ | {name: value for name, value in variables.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
