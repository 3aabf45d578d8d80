"""How an SQLite database is named, opened and brought into being."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.tuning import Conflict, Tuning

IS_FILE = True
DEFAULT_NAME = "stateset.db"
MEMORY = ":memory:"
MODES = ("rwc", "rw", "ro", "memory")
# A writer waits for its turn this long; with less, busy hours lose writes.
BUSY_TIMEOUT_SECONDS = 20
JOURNAL_MODE = "PRAGMA journal_mode = WAL"
PRAGMAS = (
    JOURNAL_MODE,
    "PRAGMA synchronous = NORMAL",
    # Without it INSERT OR REPLACE slips past the append-only triggers.
    "PRAGMA recursive_triggers = ON",
    # A backup copies free pages too: who was erased must not be in them.
    "PRAGMA secure_delete = ON",
)


def database_from_url(rest: str, *, root: Path) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for what follows ``sqlite:`` in a URL.

    ``//stateset.db``, ``///stateset.db`` and ``stateset.db`` lie in ``root``;
    ``////srv/stateset.db`` and ``/srv/stateset.db`` are absolute.
    """
    path, _, query = rest.partition("?")
    mode = _mode(query)
    for slashes in ("///", "//"):
        if path.startswith(slashes):
            path = path.removeprefix(slashes)
            break
    if not path and mode != "memory":
        raise ImproperlyConfigured(
            "APP__DATABASE_URL names no file: allowed are sqlite://stateset.db, "
            "sqlite:////srv/stateset.db and sqlite::memory:."
        )
    return _database(unquote(path), mode=mode, root=root)


def database_from_parts(parts: Mapping[str, str], *, root: Path) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for the ``DB_…`` variables that are set."""
    return _database(parts.get("DB_NAME", DEFAULT_NAME), mode="rwc", root=root)


def tune(database: dict[str, Any], tuning: Tuning) -> None:
    """Set the time-outs and the ways of working that hold up under load."""
    options = database["OPTIONS"]
    options["timeout"] = max(BUSY_TIMEOUT_SECONDS, tuning.connect_timeout)
    if options["mode"] != "ro":
        options["transaction_mode"] = "IMMEDIATE"
        options["init_command"] = "; ".join(PRAGMAS)


def prepare_connection(connection: BaseDatabaseWrapper) -> None:
    """Do nothing: SQLite itself renews the plans that it keeps."""


def is_to_be_created(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether ``migrate`` will have to create the file."""
    settings = connection.settings_dict
    if settings["OPTIONS"].get("mode", "rwc") != "rwc":
        return False
    return not Path(settings["NAME"]).exists()


def pooler_conflicts(database: Mapping[str, Any]) -> list[Conflict]:
    """Return nothing: there is no server to put a pooler before."""
    return []


def has_unsaid_pooler(connection: BaseDatabaseWrapper) -> bool:
    """Return false: there is no server to put a pooler before."""
    return False


def lacks_statement_timeout(connection: BaseDatabaseWrapper) -> bool:
    """Return false: nothing keeps a limit from a file."""
    return False


def connection_limit(connection: BaseDatabaseWrapper) -> int | None:
    """Return nothing: a file takes as many connections as want it."""
    return None


def _database(name: str, *, mode: str, root: Path) -> dict[str, Any]:
    in_memory = name == MEMORY or mode == "memory"
    return {
        "ENGINE": "dbops.engines.sqlite.backend",
        "NAME": MEMORY if in_memory else str(root / name),
        "OPTIONS": {"mode": "memory" if in_memory else mode},
    }


def _mode(query: str) -> str:
    arguments = dict(parse_qsl(query, keep_blank_values=True))
    mode = arguments.pop("mode", "rwc")
    if arguments:
        raise ImproperlyConfigured(
            f"APP__DATABASE_URL has the argument {next(iter(arguments))!r}: "
            "allowed for sqlite is mode."
        )
    if mode not in MODES:
        raise ImproperlyConfigured(
            f"APP__DATABASE_URL has mode={mode!r}: allowed are {', '.join(MODES)}."
        )
    return mode
