"""What an SQLite file holds."""

from __future__ import annotations

import sqlite3

from dbops.engines.base import Contents

MIGRATIONS_TABLE = "django_migrations"
# sqlite_master, every version; the underscore is escaped to be itself.
TABLES = r"""
    SELECT name FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
    ORDER BY name
"""

# It is there once a table has AUTOINCREMENT.
SEQUENCES_TABLE = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"


def read_contents(database: sqlite3.Connection, name: str) -> Contents:
    """Count every row and read the migrations; cost: one scan of each table."""
    tables = {
        table: _single(database, f"SELECT COUNT(*) FROM {quoted(table)}")  # noqa: S608 -- the name is quoted
        for table in table_names(database)
    }
    return Contents(
        database=name,
        size_bytes=_single(database, "PRAGMA page_count")
        * _single(database, "PRAGMA page_size"),
        server_version=sqlite3.sqlite_version,
        client_version=sqlite3.sqlite_version,
        tables=tables,
        migrations=_read_migrations(database, tables),
        properties={
            "encoding": database.execute("PRAGMA encoding").fetchone()[0],
        },
        sequences=read_sequences(database),
    )


def table_names(database: sqlite3.Connection) -> list[str]:
    """Return the names of all tables but SQLite's own."""
    return [name for (name,) in database.execute(TABLES).fetchall()]


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def find_damage(database: sqlite3.Connection) -> list[str]:
    """Return what is broken in the file or points to rows that are not there."""
    lines = [
        line for (line,) in database.execute("PRAGMA integrity_check") if line != "ok"
    ]
    orphans = database.execute("PRAGMA foreign_key_check").fetchall()
    lines += [
        f"{table}, row {row}: its {parent} is not there"
        for table, row, parent, _ in orphans
    ]
    return lines


def _read_migrations(
    database: sqlite3.Connection, tables: dict[str, int]
) -> tuple[tuple[str, str], ...]:
    if MIGRATIONS_TABLE not in tables:
        return ()
    rows = database.execute("SELECT app, name FROM django_migrations ORDER BY id")
    return tuple((app, name) for app, name in rows)


def _single(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0])


def read_sequences(database: sqlite3.Connection) -> dict[str, int | None]:
    """Return the last number of each table with AUTOINCREMENT."""
    if not _single(database, SEQUENCES_TABLE):
        return {}
    rows = database.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return dict(rows.fetchall())
