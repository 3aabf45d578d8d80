"""Whose table it is: Django's registry of models knows."""

from __future__ import annotations

from django.apps import apps
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from dbops.engines.verbs.space.names import TableName

NOBODY = "no model"


def models_by_table() -> dict[str, type[Model]]:
    """Return the model of each table, those that Django makes by itself too."""
    found: dict[str, type[Model]] = {}
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and not model._meta.swapped:
            found.setdefault(model._meta.db_table, model)
    recorder = MigrationRecorder.Migration
    found.setdefault(recorder._meta.db_table, recorder)
    return found


def app_of(table: TableName, models: dict[str, type[Model]]) -> str:
    """Return the label of the app whose table it is; tables of ours have no schema."""
    model = None if table.schema else models.get(table.name)
    return model._meta.app_label if model else NOBODY
