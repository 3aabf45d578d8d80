"""The only place that locks documents: headers first, then lines, then stock levels."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models

from stateset.lib.models import Document
from stateset.lib.rows import fetch_rows
from stateset.lib.seen import take_seen_version
from stateset.system.services.transitions import ChangedMeanwhileError

AnyDocument = TypeVar("AnyDocument", bound=Document)


KEEP = {"postgresql": " FOR KEY SHARE", "sqlite": ""}
"""What has a row stay as it is to those who refer to it, by engine."""


def keep_row(row: models.Model, column: str) -> Any:
    """Have nobody lock the row as a whole until the transaction ends.

    Returns what its column says now. Others may keep it and change it meanwhile.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    rows = type(row)._base_manager.filter(pk=row.pk).values_list(column)
    sql, values = rows.query.get_compiler(connection=connection).as_sql()
    ((value,),) = fetch_rows(sql + KEEP[connection.vendor], values, connection)
    return value


def lock_row(row: AnyDocument, *, whole: bool = False) -> AnyDocument:
    """Lock the row until the transaction ends, and read it anew into ``row``.

    For steps that add to whatever is there now; ChangedMeanwhileError only where a
    page showed somebody another version (``stateset.lib.seen``). As a ``whole`` it is
    locked against those too who keep it. SQLite has no row locks and needs none: its
    transactions take the write lock when they begin.
    """
    row.refresh_from_db(
        from_queryset=type(row)._default_manager.select_for_update(no_key=not whole)
    )
    seen = take_seen_version(row)
    if seen is not None and seen != row.version:
        raise _changed(row)
    return row


def claim_row(row: AnyDocument) -> AnyDocument:
    """Lock the row, and raise ChangedMeanwhileError unless it is as it was read.

    For decisions of a person, who must have seen what is decided about.
    """
    version = row.version
    lock_row(row)
    if row.version == version:
        return row
    raise _changed(row)


def _changed(row: Document) -> ChangedMeanwhileError:
    return ChangedMeanwhileError(
        f"{str(row._meta.verbose_name).capitalize()} {row} was not changed.",
        why="somebody else changed it a moment ago",
        fix="reload it and try again",
    )
