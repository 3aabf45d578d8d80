"""Adding through a service: the form's row becomes the one the service made."""

from __future__ import annotations

from django.db.models import Model


def become(row: Model, made: Model) -> None:
    """Have the unsaved ``row`` of a form stand for ``made``, which is saved."""
    row.pk = made.pk
    row._state.adding = False
    row.refresh_from_db()
