"""Ask a restored database file whether it keeps what it promises."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path
from typing import Any

from dbops.engines.sqlite.connect import opened
from dbops.engines.sqlite.contents import quoted, read_sequences, table_names
from dbops.engines.verbs.proof import Look, ProofVerbs
from dbops.engines.verbs.swap import SwapVerbs

SCRATCH = "-drill"


class SqliteProof(ProofVerbs, SwapVerbs):
    """The verbs of proving a restored database."""

    @property
    def scratch_name(self) -> str:
        return f"{self.connection.settings_dict['NAME']}{SCRATCH}"

    def kept_scratch_name(self, stamp: str) -> str:
        return f"{self.scratch_name}-{stamp}"

    def removal(self, name: str) -> str:
        return f"rm {shlex.quote(name)}"

    def reading_settings_of(self, name: str) -> dict[str, Any]:
        settings = self.settings_of(name)
        return {**settings, "OPTIONS": {**settings["OPTIONS"], "mode": "ro"}}

    def look_over(self, name: str) -> list[Look]:
        with opened(Path(name)) as database:
            tables = table_names(database)
            return [
                _rows_and_indexes(database, len(tables)),
                _foreign_keys(database),
                _sequences(database, tables),
            ]


def _rows_and_indexes(database: sqlite3.Connection, tables: int) -> Look:
    """Compare every index with its table, and every row with its CHECKs."""
    lines = [line for (line,) in database.execute("PRAGMA integrity_check")]
    flaws = tuple(line for line in lines if line != "ok")
    return Look("constraints", f"{tables} tables and their indexes", flaws)


def _foreign_keys(database: sqlite3.Connection) -> Look:
    orphans = database.execute("PRAGMA foreign_key_check").fetchall()
    flaws = tuple(
        f"{table}, row {row}: its {parent} is not there"
        for table, row, parent, _ in orphans
    )
    return Look("foreign keys", "every row that points to another", flaws)


def _sequences(database: sqlite3.Connection, tables: list[str]) -> Look:
    """Look at AUTOINCREMENT: a number below its rows means that some were lost."""
    known = read_sequences(database)
    flaws = []
    for table in filter(known.__contains__, tables):
        highest = database.execute(
            f"SELECT max(rowid) FROM {quoted(table)}"  # noqa: S608 -- the name is quoted
        ).fetchone()[0]
        issued = known[table] or 0
        if highest is not None and highest > issued:
            flaws.append(f"{table} has {highest}, its sequence stands at {issued}")
    return Look("sequences", f"{len(known)} sequences", tuple(flaws))
