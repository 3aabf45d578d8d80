"""Where an index comes from, and so how it goes: by a model, or made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import Model

from dbops.engines.verbs.space.indexes import ForeignKey, Index, Remedies
from dbops.engines.verbs.space.names import TableName
from dbops.monitoring.owners import models_by_table

THEN = ", then makemigrations"


def is_ours(table: TableName) -> bool:
    """Say whether its indexes can be changed: in a model of ours, or by hand."""
    model = None if table.schema else models_by_table().get(table.name)
    if model is None:
        return True
    # Django's table of migrations has a model that belongs to no app.
    place = getattr(model._meta.app_config, "path", "")
    is_ours = place and not {"site-packages", "dist-packages"} & {*Path(place).parts}
    return bool(is_ours and not model._meta.auto_created)


def remedy_for_index(index: Index, remedies: Remedies) -> str:
    """Return how a needless index goes: in the model that has it, or by SQL."""
    model = None if index.table.schema else models_by_table().get(index.table.name)
    place = _place_in_model(model, index) if model else ""
    if place:
        return place + THEN
    template = remedies.drop_constraint if index.constraint else remedies.drop
    constraint = '"{}"'.format(index.name.replace('"', '""'))
    sql = template.format(table=index.table, index=index.shown, constraint=constraint)
    return f"{sql} (no model has it)"


def remedy_for_reference(reference: ForeignKey, remedies: Remedies) -> str:
    """Return how a reference gets its index."""
    table = reference.table
    model = None if table.schema else models_by_table().get(table.name)
    fields = [_field(model, column) for column in reference.columns] if model else []
    names = [field.name for field in fields if field is not None]
    if model and names and len(names) == len(fields):
        if len(names) == 1:
            return f"db_index=True on {model._meta.label}.{names[0]}{THEN}"
        return f"Index(fields={names}) in Meta.indexes of {model._meta.label}{THEN}"
    return remedies.create.format(table=table, columns=reference.shown_columns)


def _place_in_model(model: type[Model], index: Index) -> str:
    label = model._meta.label
    for option in ("indexes", "constraints"):
        if any(each.name == index.name for each in getattr(model._meta, option)):
            return f"take {index.name} out of Meta.{option} of {label}"
    if len(index.columns) != 1:
        return ""
    field = _field(model, index.columns[0])
    if field is None:
        return ""
    if field.unique and index.is_unique:
        return f"unique=False on {label}.{field.name}"
    if field.db_index and not index.is_unique:
        return f"db_index=False on {label}.{field.name}"
    return ""


def _field(model: type[Model] | None, column: str) -> Any:
    if model is None:
        return None
    fields = (field for field in model._meta.local_fields if field.column == column)
    return next(fields, None)
