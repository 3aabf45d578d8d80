"""Vacuum and analyze: dead rows freed for new ones, statistics for the planner."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from dbops.audit import journaled
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs.care import Upkeep, Vacuumed
from dbops.errors import VacuumRefusedError
from dbops.leases import leased
from dbops.stopping import stoppable
from stateset.lib.errors import UsageError
from stateset.lib.progress import progress

# How many of those left out the line of a log names, and how much of each reason.
NAMED = 3
REASON_LENGTH = 50
WHOLE_FILE = "a single table cannot be vacuumed here, the whole file was"


@dataclass(frozen=True)
class VacuumResult:
    """What became of each table, or of the one file that holds them all."""

    database: str
    tables: tuple[Vacuumed, ...]
    remark: str = ""

    @property
    def skipped(self) -> tuple[Vacuumed, ...]:
        """The tables that were left out."""
        return tuple(table for table in self.tables if table.skipped)

    @property
    def is_all_skipped(self) -> bool:
        """Whether there were tables, and nothing was done to any of them."""
        return bool(self.tables) and len(self.skipped) == len(self.tables)

    @property
    def summary(self) -> str:
        """The line a log keeps."""
        done = [each.table for each in self.tables if not each.skipped]
        what = done[0] if len(done) == 1 else f"{len(done)} tables"
        where = "" if what == self.database else f" of {self.database}"
        parts = [f"Vacuumed {what}{where}"]
        parts += [
            f"{each.table} was skipped: {_shortened(each.skipped)}"
            for each in self.skipped[:NAMED]
        ]
        if more := len(self.skipped[NAMED:]):
            parts.append(f"and {more} more")
        return "; ".join([*parts, self.remark] if self.remark else parts)


def require_some(result: VacuumResult) -> None:
    """Raise VacuumRefusedError where every table was skipped: nothing was done."""
    if result.is_all_skipped:
        raise VacuumRefusedError(
            "No table was vacuumed.",
            why=result.summary,
            fix="use the role that owns the tables, or try again in a quiet minute",
        )


def vacuum_database(
    *, alias: str = DEFAULT_DB_ALIAS, tables: Collection[str] = ()
) -> VacuumResult:
    """Vacuum and analyze these tables, all of them for none, while others work.

    A table that is locked, or not the role's own, is skipped. An engine that knows
    only its whole database vacuums that.
    """
    engine = get_engine(alias)
    engine.require_database()
    with (
        journaled("database.vacuum", subject="database") as details,
        stoppable("The vacuum"),
        leased(engine, "vacuum"),
    ):
        chosen = _chosen(engine, tables)
        done = []
        with progress("vacuum", len(chosen)) as advance:
            for vacuumed in engine.vacuum(chosen):
                done.append(vacuumed)
                advance()
        details |= {"id": alias, "tables": len(done)}
    remark = WHOLE_FILE if tables and not engine.vacuums_tables else ""
    return VacuumResult(engine.short_name, tuple(done), remark)


def plan_vacuum(
    *, alias: str = DEFAULT_DB_ALIAS, tables: Collection[str] = ()
) -> list[Upkeep]:
    """Return what tables need, those in need first; nothing is changed."""
    engine = get_engine(alias)
    engine.require_database()
    chosen = set(_chosen(engine, tables))
    return [each for each in engine.upkeep() if each.table in chosen]


def plan_full(*, alias: str = DEFAULT_DB_ALIAS, table: str = "") -> Upkeep:
    """Return what is known of the table to write anew, or of the file on SQLite."""
    engine = get_engine(alias)
    engine.require_database()
    found = {each.table: each for each in engine.upkeep()}
    if not engine.vacuums_tables:
        (only,) = found.values()
        if table in {"", only.table}:
            return only
        raise UsageError(
            "Nothing was vacuumed.",
            why="a single table cannot be written anew here, only the whole file",
            fix="leave the table out: vacuum --full",
        )
    if not table:
        raise UsageError(
            "Nothing was vacuumed.",
            why="--full locks what it works on, so it takes one table by name",
            fix="name it; vacuum --plan lists them",
        )
    return found[_known([table], found)[0]]


def vacuum_full(*, alias: str = DEFAULT_DB_ALIAS, table: str) -> VacuumResult:
    """Write the table of ``plan_full`` anew; nobody can use it meanwhile."""
    engine = get_engine(alias)
    with (
        journaled("database.vacuum_full", subject="database") as details,
        stoppable("The vacuum"),
        leased(engine, "vacuum"),
    ):
        details |= {"id": alias, "table": table}
        engine.vacuum_full(table)
    return VacuumResult(engine.short_name, (Vacuumed(table, 0),))


def _shortened(why: str) -> str:
    return textwrap.shorten(why, REASON_LENGTH, placeholder=" …")


def _chosen(engine: Engine, tables: Collection[str]) -> list[str]:
    found = [each.table for each in engine.upkeep()]
    return _known(tables, found) if tables and engine.vacuums_tables else found


def _known(tables: Collection[str], found: Iterable[str]) -> list[str]:
    by_name = {name.strip('"'): name for name in found} | {name: name for name in found}
    if unknown := [table for table in tables if table not in by_name]:
        raise UsageError(
            "Nothing was vacuumed.",
            why=f"there is no table {', '.join(sorted(unknown))}",
            fix="name it as vacuum --plan does",
        )
    return [by_name[table] for table in tables]
