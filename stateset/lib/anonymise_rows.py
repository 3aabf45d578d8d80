"""Rewrite rows by the rules of the apps, some at a time: of a copy, or of a person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.lib.anonymise import Table, all_models, all_tables
from stateset.lib.anonymise_rules import PLAIN, Pseudonyms
from stateset.lib.discovery import discover
from stateset.lib.rows import MOST_PARAMETERS

AT_ONCE = 2000
MIGRATIONS_TABLE = "django_migrations"

Values = tuple[Any, ...]
"""The key of a row, and what it is to hold."""


def known_tables() -> set[str]:
    """Return the tables that a rule or nothing at all has to be said of."""
    return {MIGRATIONS_TABLE, *(model._meta.db_table for model in all_models())}


def unknown_to_models(using: str, tables: Collection[str]) -> list[str]:
    """Return which of ``tables`` are still there, and the columns of no model."""
    connection = connections[using]
    introspection = connection.introspection
    with connection.cursor() as cursor:
        there = set(introspection.table_names(cursor))
        found = sorted(there.intersection(tables))
        for model in all_models():
            table = model._meta.db_table
            columns = {str(field.column) for field in model._meta.local_concrete_fields}
            found += [
                f"{table}.{column.name}"
                for column in introspection.get_table_description(cursor, table)
                if column.name not in columns
            ]
    return found


def anonymise(using: str, names: Pseudonyms) -> int:
    """Rewrite every table, all or nothing; return how many rows are others now.

    Cost: each row of a table with personal columns is read, and written where it
    changes.
    """
    with ExitStack() as stack:
        stack.enter_context(transaction.atomic(using=using))
        for module in discover("anonymise"):
            if unlocked := getattr(module, "unlocked", None):
                stack.enter_context(unlocked(using))
        return sum(_treat(each, using, names) for each in all_tables())


def _treat(table: Table, using: str, names: Pseudonyms) -> int:
    rows = table.model._base_manager.using(using).all()
    if table.is_emptied:
        return rows._raw_delete(using)
    return sum(len(keys) for keys in rewritten(table, rows, names))


def rewritten(
    table: Table,
    rows: models.QuerySet[Any],
    names: Pseudonyms,
    *,
    spared: Collection[str] = (),
) -> Iterator[list[Any]]:
    """Rewrite ``rows`` by the rules of their table, but for the ``spared`` columns.

    Yields the keys of those that are others now, some at a time.
    """
    fields = _personal(table, spared)
    for changed in _changes(table, fields, rows, names):
        _write(table.model, fields, changed, connections[rows.db])
        yield [key for key, *_ in changed]


def count_rewritten(
    table: Table,
    rows: models.QuerySet[Any],
    names: Pseudonyms,
    *,
    spared: Collection[str] = (),
) -> int:
    """Return how many of ``rows`` would be others; nothing is written."""
    fields = _personal(table, spared)
    return sum(len(changed) for changed in _changes(table, fields, rows, names))


def _personal(table: Table, spared: Collection[str]) -> list[Any]:
    return [
        table.model._meta.get_field(name)
        for name, rule in table.rules.items()
        if rule is not PLAIN and name not in spared
    ]


def _changes(
    table: Table, fields: Sequence[Any], rows: models.QuerySet[Any], names: Pseudonyms
) -> Iterator[list[Values]]:
    """Yield the rows that change, some at a time, in the order of their keys."""
    if not fields:
        return
    about = table.about or "pk"
    rules = [table.rules[field.name] for field in fields]
    wanted = rows.order_by("pk").values_list(
        "pk", about, *(field.attname for field in fields)
    )
    found = list(wanted[:AT_ONCE])
    while found:
        changed = []
        for key, subject, *was in found:
            now = [
                rule.of(value, names, str(subject))
                for rule, value in zip(rules, was, strict=True)
            ]
            if now != was:
                changed.append((key, *now))
        yield changed
        found = list(wanted.filter(pk__gt=found[-1][0])[:AT_ONCE])


def _write(
    model: type[models.Model],
    fields: Sequence[Any],
    rows: Sequence[Values],
    connection: BaseDatabaseWrapper,
) -> None:
    """Update rows by their keys, in as few statements as the engines take."""
    columns = [model._meta.pk, *fields]
    at_once = MOST_PARAMETERS // len(columns)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            cursor.execute(
                _statement(model, fields, len(some), connection),
                [
                    column.get_db_prep_save(value, connection)
                    for row in some
                    for column, value in zip(columns, row, strict=True)
                ],
            )


def _statement(
    model: type[models.Model],
    fields: Sequence[Any],
    count: int,
    connection: BaseDatabaseWrapper,
) -> str:
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), model._meta.pk
    given = ", ".join(["row_key", *(f"v{at}" for at in range(len(fields)))])
    group = f"({', '.join(['%s'] * (len(fields) + 1))})"
    set_to = ", ".join(
        f"{quote(field.column)} = CAST(v{at} AS {field.cast_db_type(connection)})"
        for at, field in enumerate(fields)
    )
    return (
        f"WITH given ({given}) AS (VALUES {', '.join([group] * count)})"  # noqa: S608 - names of our own models
        f" UPDATE {table} SET {set_to} FROM given"
        f" WHERE {table}.{quote(str(key.column))} ="
        f" CAST(row_key AS {key.cast_db_type(connection)})"
    )
