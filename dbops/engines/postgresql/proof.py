"""Ask a restored database on PostgreSQL whether it keeps what it promises."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.connect import first_line, quoted, session
from dbops.engines.postgresql.drafts import DRAFT_SUFFIX
from dbops.engines.postgresql.restore import NAME_BYTES
from dbops.engines.verbs.proof import Look, ProofVerbs
from dbops.engines.verbs.swap import SwapVerbs

SCRATCH = "_drill"
STAMP_BYTES = len("_20261128_020000")
DIGEST_BYTES = 8
READ_ONLY = "-c default_transaction_read_only=on"
# pg_constraint, pg_index, pg_depend: columns unchanged since 14; since 18 there are
# constraints of the kind n. What belongs to the system's schemas is the server's.
CONSTRAINTS = """
    SELECT n.nspname, t.relname, c.conname, c.contype = 'f', c.convalidated
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    ORDER BY 1, 2, 3
"""
INDEXES = """
    SELECT i.relname, t.relname, x.indisvalid AND x.indisready AND x.indislive
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    ORDER BY 1
"""
# Those that number a column of a table, counting upwards.
SEQUENCES = """
    SELECT sn.nspname, s.relname, tn.nspname, t.relname, a.attname, q.seqincrement
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
    JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_catalog.pg_attribute a
      ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass
      AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.deptype IN ('a', 'i')
    ORDER BY 1, 2
"""


class PostgresqlProof(ProofVerbs, SwapVerbs):
    """The verbs of proving a restored database."""

    @property
    def scratch_name(self) -> str:
        return self._beside(SCRATCH)

    def kept_scratch_name(self, stamp: str) -> str:
        return self._beside(f"{SCRATCH}_{stamp}")

    def removal(self, name: str) -> str:
        return f"DROP DATABASE {quoted(name)} WITH (FORCE)"

    def reading_settings_of(self, name: str) -> dict[str, Any]:
        settings = self.settings_of(name)
        options = settings["OPTIONS"]
        started = f"{options.get('options') or ''} {READ_ONLY}".strip()
        return {**settings, "OPTIONS": {**options, "options": started}}

    def look_over(self, name: str) -> list[Look]:
        with session(self.connection, database=name, name="drill") as own:
            return [*_constraints(own), _indexes(own), _sequences(own)]

    def _beside(self, ending: str) -> str:
        """Return the live name with an ending; a long one is cut, and stays its own."""
        own = self.short_name
        longest = NAME_BYTES - len(DRAFT_SUFFIX) - len(SCRATCH) - STAMP_BYTES
        if len(own.encode()) <= longest:
            return own + ending
        digest = sha256(own.encode()).hexdigest()[:DIGEST_BYTES]
        begun = own.encode()[: longest - DIGEST_BYTES - 1].decode(errors="ignore")
        return f"{begun}_{digest}{ending}"


def _constraints(own: BaseDatabaseWrapper) -> list[Look]:
    """Have the server look at the rows of those that it was never asked about.

    It looked at all others when they were added to the restored rows.
    """
    counts = {False: 0, True: 0}
    flaws: dict[bool, list[str]] = {False: [], True: []}
    with own.cursor() as cursor:
        cursor.execute(CONSTRAINTS)
        for schema, table, name, is_key, is_valid in cursor.fetchall():
            counts[is_key] += 1
            why = "" if is_valid else _validate(cursor, schema, table, name)
            if why:
                flaws[is_key].append(f"{table}.{name}: {why}")
    return [
        Look("constraints", f"{counts[False]} constraints", tuple(flaws[False])),
        Look("foreign keys", f"{counts[True]} foreign keys", tuple(flaws[True])),
    ]


def _validate(cursor: CursorWrapper, schema: str, table: str, name: str) -> str:
    """Return what is wrong with the rows of one constraint."""
    place = f"{quoted(schema)}.{quoted(table)}"
    try:
        cursor.execute(f"ALTER TABLE {place} VALIDATE CONSTRAINT {quoted(name)}")
    except DatabaseError as error:
        return first_line(error)
    return ""


def _indexes(own: BaseDatabaseWrapper) -> Look:
    with own.cursor() as cursor:
        cursor.execute(INDEXES)
        rows = cursor.fetchall()
    flaws = tuple(
        f"{name} of {table} is not valid"
        for name, table, is_valid in rows
        if not is_valid
    )
    # A dump leaves out an index that is not valid, so none comes with it.
    return Look("indexes", f"{len(rows)} indexes", flaws, is_damage=True)


def _sequences(own: BaseDatabaseWrapper) -> Look:
    flaws = []
    with own.cursor() as cursor:
        cursor.execute(SEQUENCES)
        rows = cursor.fetchall()
        for schema, name, table_schema, table, column, increment in rows:
            sequence = f"{quoted(schema)}.{quoted(name)}"
            place = f"{quoted(table_schema)}.{quoted(table)}"
            cursor.execute(
                f"SELECT last_value + CASE WHEN is_called THEN {int(increment)} ELSE 0"  # noqa: S608 -- names are quoted
                f" END, (SELECT max({quoted(column)}) FROM {place}) FROM {sequence}"
            )
            following, highest = cursor.fetchone()
            if highest is not None and highest >= following:
                flaws.append(f"{name} gives {following} next, {table} has {highest}")
    return Look("sequences", f"{len(rows)} sequences", tuple(flaws))
