"""Break a rule behind the back of the services, and see what the database says."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import CheckConstraint, Model, UniqueConstraint


def refused_update(row: Model, **columns: Any) -> str:
    """Return what the database says to an UPDATE of the row by SQL."""
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        type(row)._base_manager.filter(pk=row.pk).update(**columns)
    return str(refused.value)


def refused_copy(row: Model, **columns: Any) -> str:
    """Return what the database says to a second row like this one."""
    made = type(row)._base_manager.get(pk=row.pk)
    made.pk = None if isinstance(row.pk, int) else type(row)().pk
    made._state.adding = True
    for name, value in columns.items():
        setattr(made, name, value)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        made.save(force_insert=True)
    return str(refused.value)


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
