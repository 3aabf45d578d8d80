"""Django's SQLite backend, but no connection creates a database file in passing.

``migrate`` prepares the database first, through Django's own hook for that, and
so is the one who creates it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base, features
from django.db.utils import OperationalError

from dbops.engines.sqlite.configuration import JOURNAL_MODE


def _speaks_json() -> bool:
    with closing(sqlite3.connect(":memory:")) as memory:
        try:
            memory.execute("SELECT JSON('{}')")
        except sqlite3.OperationalError:
            return False
    return True


class DatabaseFeatures(features.DatabaseFeatures):
    """Refuse servers without RETURNING and DROP COLUMN, which migrations use."""

    minimum_database_version = (3, 35)

    # Django asks the database, which is not there yet when migrate checks models.
    supports_json_field = _speaks_json()


class DatabaseWrapper(base.DatabaseWrapper):
    """Open existing files only, in the mode that the database URL names."""

    features_class = DatabaseFeatures
    _opened_file: os.stat_result | None = None

    def prepare_database(self) -> None:
        """Create the file; nothing happens to one that is there."""
        path = self.file_path()
        if path is None or path.exists():
            return
        if self.settings_dict["OPTIONS"].get("mode", "rwc") != "rwc":
            raise OperationalError(
                f"{_missing(path)}; only mode=rwc lets it be created"
            )
        if not path.parent.is_dir():
            raise OperationalError(_missing(path))
        with closing(sqlite3.connect(path)) as created:
            created.execute(JOURNAL_MODE)

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        mode = parameters.pop("mode", "rwc")
        path = self.file_path()
        if path is not None:
            opened = "ro" if mode == "ro" else "rw"
            parameters["database"] = f"{path.absolute().as_uri()}?mode={opened}"
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        path = self.file_path()
        if path is not None and not path.exists():
            raise OperationalError(f"{_missing(path)}; `manage.py migrate` creates it")
        opened = super().get_new_connection(conn_params)
        self._opened_file = None if path is None else path.stat()
        return opened

    def is_usable(self) -> bool:
        """Tell whether the connection is to the file that has the name now.

        After a restore a connection from before still is to the one it replaced.
        """
        path = self.file_path()
        if path is None or self._opened_file is None:
            return True
        return path.exists() and os.path.samestat(path.stat(), self._opened_file)

    def file_path(self) -> Path | None:
        """Return where the database lies, nothing for one in memory."""
        name = str(self.settings_dict["NAME"])
        return None if self.is_in_memory_db() else Path(name)


def _missing(path: Path) -> str:
    place = "" if path.parent.is_dir() else ", nor is its folder"
    return f"database file {path} is not there{place}"
