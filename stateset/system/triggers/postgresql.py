"""Triggers on PostgreSQL: psql, bulk updates and imports are caught too.

Functions are replaced on every install; triggers are created only where they are
missing, because CREATE TRIGGER locks its table against writers.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.lib.journal import Context
from stateset.lib.rows import fetch_rows
from stateset.system import triggers
from stateset.system.models import AuditEntry

AUDIT_TRIGGER = "stateset_audit"
LEDGER_TRIGGER = "stateset_append_only"
TRUNCATE_TRIGGER = "stateset_append_only_truncate"

# current_setting(…, true) is '' and not NULL once a transaction has set it,
# hence nullif. PostgreSQL manual 9.28.1.
AUDIT_FUNCTION = """
CREATE OR REPLACE FUNCTION stateset_audit() RETURNS trigger
LANGUAGE plpgsql AS $function$
DECLARE
  was jsonb := CASE WHEN tg_op = 'INSERT' THEN '{{}}' ELSE to_jsonb(old) END;
  now_is jsonb := CASE WHEN tg_op = 'DELETE' THEN '{{}}' ELSE to_jsonb(new) END;
  delta jsonb;
BEGIN
  SELECT jsonb_object_agg(
           key,
           CASE WHEN key = ANY (ARRAY[{redacted}])
                THEN '["[redacted]", "[redacted]"]'::jsonb
                ELSE jsonb_build_array(was -> key, now_is -> key) END)
    INTO delta
    FROM jsonb_object_keys(was || now_is) AS key
   WHERE nullif(was -> key, 'null') IS DISTINCT FROM nullif(now_is -> key, 'null')
     AND NOT key = ANY (ARRAY[{silent}]);
  IF delta IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO {audit_table} (action, resource_type, resource_id, changes, actor_id,
    actor_label, reason, request_id, database_user)
  VALUES (lower(tg_op), tg_table_name, coalesce((was || now_is) ->> 'id', ''), delta,
    nullif(current_setting('stateset.actor_id', true), '')::uuid,
    coalesce(current_setting('stateset.actor_label', true), ''),
    left(coalesce(current_setting('stateset.reason', true), ''), 500),
    left(coalesce(current_setting('stateset.request_id', true), ''), 64),
    session_user);
  RETURN NULL;
END $function$
"""

LEDGER_FUNCTION = """
CREATE OR REPLACE FUNCTION stateset_append_only() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
  IF coalesce(current_setting('stateset.ledgers', true), '') = 'open' THEN
    IF tg_op = 'DELETE' THEN RETURN old; END IF;
    RETURN new;
  END IF;
  RAISE EXCEPTION '% is append-only: its rows are never changed or deleted',
    tg_table_name
    USING ERRCODE = 'restrict_violation',
          HINT = 'Write a row that reverses the mistake.';
END $function$
"""


def connect(connection: BaseDatabaseWrapper) -> None:
    """Nothing to do: triggers live in the database."""


def remove_session(connection: BaseDatabaseWrapper) -> None:
    """Nothing to do: triggers live in the database."""


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the functions anew, and the triggers that are missing."""
    with connection.cursor() as cursor:
        for statement in _functions(connection).values():
            cursor.execute(statement)
        lacking = set(missing(connection))
        for name, statement in _statements(connection).items():
            if name in lacking:
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return ``table.trigger`` of every trigger that is not there (pg_trigger)."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        cursor.execute(
            "SELECT c.relname || '.' || t.tgname FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'"
            " AND c.relnamespace = current_schema()::regnamespace"
        )
        present = {row[0] for row in cursor.fetchall()}
    return [
        name
        for name in _statements(connection)
        if name not in present and name.partition(".")[0] in tables
    ]


def altered(connection: BaseDatabaseWrapper) -> list[str]:
    """Return functions with another body, and triggers of another function.

    By pg_proc and pg_trigger, as a later ``CREATE OR REPLACE`` changes them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
        )
        bodies = dict(cursor.fetchall())
        cursor.execute(
            "SELECT c.relname || '.' || t.tgname, p.proname FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE c.relnamespace = current_schema()::regnamespace"
        )
        called = dict(cursor.fetchall())
    changed = [
        name
        for name, statement in _functions(connection).items()
        if name in bodies and bodies[name] != statement.split("$function$")[1]
    ]
    return changed + [
        name
        for name, statement in _statements(connection).items()
        if name in called and not statement.endswith(f" {called[name]}()")
    ]


def set_context(connection: BaseDatabaseWrapper, context: Context) -> None:
    """Set the transaction-local settings that the audit function reads."""
    fetch_rows(
        "SELECT set_config('stateset.actor_id', %s, true),"
        " set_config('stateset.actor_label', %s, true),"
        " set_config('stateset.reason', %s, true),"
        " set_config('stateset.request_id', %s, true)",
        [context.actor_id, context.actor_label, context.reason, context.request_id],
        connection,
    )


def open_ledgers(connection: BaseDatabaseWrapper) -> None:
    """Set the transaction-local setting that the ledger function obeys."""
    _set_ledgers(connection, "open")


def close_ledgers(connection: BaseDatabaseWrapper) -> None:
    """Clear that setting before the transaction goes on."""
    _set_ledgers(connection, "")


def pause_audit(connection: BaseDatabaseWrapper) -> None:
    """Disable the audit triggers: a rollback enables them again.

    ALTER TABLE refuses a table with checks still to come, so they come first; and a
    check at the end of its statement is not kept in memory until the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _alter_audit(connection, "DISABLE")


def resume_audit(connection: BaseDatabaseWrapper) -> None:
    """Enable the audit triggers."""
    _alter_audit(connection, "ENABLE")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _alter_audit(connection: BaseDatabaseWrapper, verb: str) -> None:
    with connection.cursor() as cursor:
        for model in triggers.audited_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER {AUDIT_TRIGGER}")


def _set_ledgers(connection: BaseDatabaseWrapper, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stateset.ledgers', %s, true)", [value])


def _functions(connection: BaseDatabaseWrapper) -> dict[str, str]:
    audit = AUDIT_FUNCTION.format(
        redacted=_texts(triggers.REDACTED_COLUMNS),
        silent=_texts(triggers.SILENT_COLUMNS),
        audit_table=connection.ops.quote_name(AuditEntry._meta.db_table),
    )
    return {"stateset_audit": audit, "stateset_append_only": LEDGER_FUNCTION}


def _statements(connection: BaseDatabaseWrapper) -> dict[str, str]:
    quote = connection.ops.quote_name
    found: dict[str, str] = {}
    for model in triggers.audited_models():
        table = model._meta.db_table
        found[f"{table}.{AUDIT_TRIGGER}"] = (
            f"CREATE TRIGGER {AUDIT_TRIGGER}"
            f" AFTER INSERT OR UPDATE OR DELETE ON {quote(table)}"
            " FOR EACH ROW EXECUTE FUNCTION stateset_audit()"
        )
    for model in triggers.append_only_models():
        table = model._meta.db_table
        found[f"{table}.{LEDGER_TRIGGER}"] = (
            f"CREATE TRIGGER {LEDGER_TRIGGER}"
            f" BEFORE UPDATE OR DELETE ON {quote(table)}"
            " FOR EACH ROW EXECUTE FUNCTION stateset_append_only()"
        )
        found[f"{table}.{TRUNCATE_TRIGGER}"] = (
            f"CREATE TRIGGER {TRUNCATE_TRIGGER} BEFORE TRUNCATE ON {quote(table)}"
            " FOR EACH STATEMENT EXECUTE FUNCTION stateset_append_only()"
        )
    return found


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
