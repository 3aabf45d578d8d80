"""Triggers on SQLite: everything that goes through this program is caught.

Audit triggers are TEMP triggers of each connection, so that they can ask Python
who acts; the ``sqlite3`` shell has none and works as ever. Append-only triggers
lie in the database file and hold for every program. See
docs/adr/audit-by-temporary-triggers-on-sqlite.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.lib.journal import Context, current_context
from stateset.system import triggers
from stateset.system.models import AuditEntry

PREFIX = "stateset_audit_"
LEDGER_PREFIX = "stateset_append_only_"


def connect(connection: BaseDatabaseWrapper) -> None:
    """Give the connection the function its triggers ask, and the triggers."""
    raw = connection.connection
    raw.create_function("stateset_context", 1, _context_value)
    # INSERT OR REPLACE would delete without firing delete triggers otherwise.
    raw.execute("PRAGMA recursive_triggers = on")
    _create_audit_triggers(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the ledger triggers in the file and the audit triggers beside it."""
    with connection.cursor() as cursor:
        lacking = set(missing(connection))
        for name, statement in _ledger_statements(connection).items():
            if name in lacking:
                cursor.execute(statement)
    _create_audit_triggers(connection)


def remove_session(connection: BaseDatabaseWrapper) -> None:
    """Drop the TEMP triggers: a table rebuild would stumble over them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM temp.sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER temp.{connection.ops.quote_name(name)}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return ``table.trigger`` of every ledger trigger that is not in the file."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        cursor.execute(
            "SELECT tbl_name || '.' || name FROM sqlite_master WHERE type = 'trigger'"
        )
        present = {row[0] for row in cursor.fetchall()}
    return [
        name
        for name in _ledger_statements(connection)
        if name not in present and name.partition(".")[0] in tables
    ]


def altered(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the ledger triggers in the file that were made with other words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tbl_name || '.' || name, sql FROM sqlite_master"
            " WHERE type = 'trigger'"
        )
        present = dict(cursor.fetchall())
    return [
        name
        for name, statement in _ledger_statements(connection).items()
        if name in present and present[name] != statement
    ]


def set_context(connection: BaseDatabaseWrapper, context: Context) -> None:
    """Nothing to do: the triggers ask ``stateset_context``."""


def open_ledgers(connection: BaseDatabaseWrapper) -> None:
    """Drop the ledger triggers, inside the transaction that restores them."""
    with connection.cursor() as cursor:
        for name in _ledger_statements(connection):
            trigger = connection.ops.quote_name(name.partition(".")[2])
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")


def close_ledgers(connection: BaseDatabaseWrapper) -> None:
    """Create the ledger triggers again."""
    install(connection)


def pause_audit(connection: BaseDatabaseWrapper) -> None:
    """Drop the audit triggers of this connection; a rollback brings them back."""
    remove_session(connection)


def resume_audit(connection: BaseDatabaseWrapper) -> None:
    """Create the audit triggers again."""
    _create_audit_triggers(connection)


def _context_value(name: str) -> str | None:
    value = str(getattr(current_context(), name))
    if name == "actor_id":
        # Django keeps UUIDs as 32 hex digits on SQLite.
        return value.replace("-", "") or None
    return value[:500]


def _create_audit_triggers(connection: BaseDatabaseWrapper) -> None:
    raw = connection.connection
    tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
    if AuditEntry._meta.db_table not in tables:
        return
    for model in triggers.audited_models():
        if model._meta.db_table in tables:
            for statement in _audit_statements(model):
                raw.execute(statement)


@cache
def _audit_statements(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(_build_audit_statements(model))


def _build_audit_statements(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    columns = [
        str(field.column)
        for field in model._meta.local_concrete_fields
        if field.column not in triggers.SILENT_COLUMNS and not field.generated
    ]
    for action, old, new in (
        ("insert", None, "new"),
        ("update", "old", "new"),
        ("delete", "old", None),
    ):
        pairs = " UNION ALL ".join(_pair(c, old, new) for c in columns)
        yield (
            f"CREATE TEMP TRIGGER IF NOT EXISTS {PREFIX}{table}_{action}"  # noqa: S608 - own names
            f' AFTER {action} ON main."{table}" BEGIN'
            f" INSERT INTO {AuditEntry._meta.db_table} (action, resource_type,"
            " resource_id, changes, actor_id, actor_label, reason, request_id)"
            f" SELECT '{action}', '{table}', {_key_text(model, new or 'old')}, delta,"
            " stateset_context('actor_id'), stateset_context('actor_label'),"
            " stateset_context('reason'), stateset_context('request_id')"
            " FROM (SELECT json_group_object(name, json(pair)) AS delta"
            f" FROM ({pairs})) WHERE delta <> '{{}}'; END"
        )


def _key_text(model: type[models.Model], row: str) -> str:
    """Return the row's key as PostgreSQL writes it: UUIDs with their hyphens."""
    if not isinstance(model._meta.pk, models.UUIDField):
        return f"{row}.id"
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({row}.id, {at}, {n})" for at, n in cuts)


def _pair(column: str, old: str | None, new: str | None) -> str:
    before = f'{old}."{column}"' if old else "NULL"
    after = f'{new}."{column}"' if new else "NULL"
    value = f"json_array({before}, {after})"
    if column in triggers.REDACTED_COLUMNS:
        value = '\'["[redacted]", "[redacted]"]\''
    return f"SELECT '{column}' AS name, {value} AS pair WHERE {before} IS NOT {after}"


def _ledger_statements(connection: BaseDatabaseWrapper) -> dict[str, str]:
    quote = connection.ops.quote_name
    found: dict[str, str] = {}
    for model in triggers.append_only_models():
        table = model._meta.db_table
        for action in ("update", "delete"):
            name = f"{LEDGER_PREFIX}{table}_{action}"
            found[f"{table}.{name}"] = (
                f"CREATE TRIGGER {quote(name)} BEFORE {action} ON {quote(table)}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: its rows are"
                " never changed or deleted'); END"
            )
    return found
