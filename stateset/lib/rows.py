"""Plain statements, and rows of one model inserted by one, without the ORM's price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.base import DEFERRED

# SQLite builds before 3.32 took no more parameters in one statement.
MOST_PARAMETERS = 999

AnyModel = TypeVar("AnyModel", bound=models.Model)

KEPT = "_cursor_for_plain_statements"
"""What a connection holds its cursor under, so that both end together."""


def insert_rows(
    objects: Sequence[models.Model], *, using: str = DEFAULT_DB_ALIAS
) -> None:
    """Insert new rows of one model, and give each its key, in their order.

    As ``bulk_create`` does, at half its cost and without signals, inside the
    caller's transaction. Values must be of the type that their field holds:
    nothing is converted.
    """
    if not objects:
        return
    # The proxy `connection` would be asked once a value.
    connection = connections[using]
    at_once = MOST_PARAMETERS // len(_columns(type(objects[0])))
    for start in range(0, len(objects), at_once):
        _insert(objects[start : start + at_once], connection)


def fetch_rows(
    statement: str, values: Sequence[Any], connection: BaseDatabaseWrapper
) -> list[tuple[Any, ...]]:
    """Run one plain statement inside a transaction, and return its rows."""
    cursor = _cursor(connection)
    cursor.execute(statement, values)
    # As the wrapped cursor would, which makes a function for it each time.
    with connection.wrap_database_errors:
        rows: list[tuple[Any, ...]] = cursor.cursor.fetchall()
    return rows


def new_row(model: type[AnyModel], **columns: Any) -> AnyModel:
    """Return what ``model(**columns)`` does, at a third of its price.

    For rows that ``insert_rows`` writes; a foreign key is named by its column.
    """
    defaults = _defaults(model)
    if unknown := columns.keys() - defaults.keys():
        raise TypeError(f"{model.__name__} has no columns {', '.join(unknown)}")
    return model(
        *[
            columns[name] if name in columns else default()
            for name, default in defaults.items()
        ]
    )


def key_value(key: UUID, connection: BaseDatabaseWrapper) -> Any:
    """Return a key as the engine keeps it."""
    return key if connection.features.has_native_uuid_field else key.hex


def key_read(value: Any) -> UUID:
    """Return the key that a plain cursor read."""
    return value if isinstance(value, UUID) else UUID(value)


def _cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """Return one cursor for all plain statements of a connection.

    Making one costs nearly as much as a short statement. A new one only where the
    connection was opened again, or somebody looks at what is asked.
    """
    kept: CursorWrapper | None = vars(connection).get(KEPT)
    if (
        kept is not None
        and kept.cursor.connection is connection.connection
        and not connection.queries_logged
    ):
        return kept
    cursor = connection.cursor()
    if not connection.queries_logged:
        vars(connection)[KEPT] = cursor
    return cursor


def _insert(objects: Sequence[models.Model], connection: BaseDatabaseWrapper) -> None:
    model = type(objects[0])
    values_of = _reader(model, has_uuids=connection.features.has_native_uuid_field)
    keys = fetch_rows(
        _statement(model, len(objects)),
        [value for row in objects for value in values_of(row, connection)],
        connection,
    )
    for row, (key,) in zip(objects, keys, strict=True):
        if row.pk is None:
            row.pk = key
        row._state.adding = False
        row._state.db = connection.alias


@cache
def _defaults(model: type[models.Model]) -> dict[str, Callable[[], Any]]:
    """Return what a column is where nothing is said, in the model's order."""
    return {
        field.attname: (lambda: DEFERRED) if field.generated else field.get_default
        for field in model._meta.concrete_fields
    }


@cache
def _columns(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(
        field
        for field in model._meta.local_concrete_fields
        if not field.generated and not isinstance(field, models.AutoField)
    )


@cache
def _reader(
    model: type[models.Model], *, has_uuids: bool
) -> Callable[[models.Model, BaseDatabaseWrapper], list[Any]]:
    """Return what reads a row's values as the engine takes them.

    Built once, so that each row costs only what its columns need done.
    """
    columns = _columns(model)
    read = attrgetter(*(field.attname for field in columns))
    clocks = [field for field in columns if getattr(field, "auto_now", False)]
    fits = [
        (place, field.require_fit)
        for place, field in enumerate(columns)
        if hasattr(field, "require_fit")
    ]
    prepared = [
        (place, field.get_db_prep_value)
        for place, field in enumerate(columns)
        if _is_prepared(field, has_uuids=has_uuids)
    ]

    def values_of(row: models.Model, connection: BaseDatabaseWrapper) -> list[Any]:
        for field in clocks:
            field.pre_save(row, add=True)
        values = list(read(row))
        for place, require_fit in fits:
            require_fit(values[place])
        for place, prepare in prepared:
            if values[place] is not None:
                values[place] = prepare(values[place], connection, prepared=True)
        return values

    return values_of


def _is_prepared(field: models.Field[Any, Any], *, has_uuids: bool) -> bool:
    """Return whether the engine may take a field's value in another shape."""
    own = getattr(field, "target_field", field)
    if has_uuids and isinstance(own, models.UUIDField):
        return False
    return type(own).get_db_prep_value is not models.Field.get_db_prep_value


@cache
def _statement(model: type[models.Model], count: int) -> str:
    columns = [str(field.column) for field in _columns(model)]
    group = f"({', '.join(['%s'] * len(columns))})"
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # noqa: S608 - names of our own models
        f" VALUES {', '.join([group] * count)} RETURNING {model._meta.pk.column}"
    )
