"""Break a rule behind the back of the services, and see what the database says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint, Model, QuerySet, UniqueConstraint


def refused_update(rows: Model | QuerySet[Any], **columns: Any) -> str:
    """Return what the database says to an UPDATE of a row, or of several, by SQL."""
    if isinstance(rows, Model):
        rows = type(rows)._base_manager.filter(pk=rows.pk)
    assert rows.exists()
    return _refused(partial(rows.update, **columns))


def refused_copy(row: Model, **columns: Any) -> str:
    """Return what the database says to a second row like this one."""
    made = type(row)._base_manager.get(pk=row.pk)
    made.pk = None if isinstance(row.pk, int) else type(row)().pk
    made._state.adding = True
    for name, value in columns.items():
        setattr(made, name, value)
    return _refused(partial(made.save, force_insert=True))


def _refused(write: Callable[[], Any]) -> str:
    with pytest.raises(IntegrityError) as refused:
        _write_and_check(write)
    return str(refused.value)


@transaction.atomic
def _write_and_check(write: Callable[[], Any]) -> None:
    write()
    connection.check_constraints()


def names_it(said: str, constraint: str) -> bool:
    """Return whether that is what was broken; SQLite names no unique index."""
    return constraint in said or (
        connection.vendor == "sqlite" and "UNIQUE constraint failed" in said
    )


def checks_of(app: str) -> set[str]:
    """Return the names of all CHECKs that the models of an app declare."""
    return _names(app, CheckConstraint)


def uniques_of(app: str) -> set[str]:
    """Return the names of all unique constraints that the models of an app declare."""
    return _names(app, UniqueConstraint)


def _names(app: str, kind: type) -> set[str]:
    return {
        constraint.name
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, kind)
    }
