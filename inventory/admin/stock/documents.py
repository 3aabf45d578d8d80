"""Which document a stock row is for, by its number, without knowing its app.

A reference type is the singular of its document's table: a ``work_order`` is a row
of ``work_orders``. Adjustments, counts, transfers and holds have no document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from stateset.lib.admin import ReadOnlyAdmin, link

FOUND = "_document"


class ReferencingAdmin(ReadOnlyAdmin):
    """Stock rows whose documents are read once a page, not once a row."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        find_documents(changelist.result_list)
        return changelist


@admin.display(description="for", ordering="reference_type")
def document(row: Any) -> str:
    """Show the number of the document as a link; its kind where it has none."""
    if not hasattr(row, FOUND):
        find_documents([row])
    kind, found = row.get_reference_type_display(), getattr(row, FOUND)
    return link(found) if found else str(kind)


def find_documents(rows: Iterable[Any]) -> None:
    """Read the documents of ``rows``, one question a kind, and keep them there."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        wanted[row.reference_type].add(row.reference_id)
    found: dict[str, dict[Any, Model]] = {}
    for kind, keys in wanted.items():
        model = _models().get(f"{kind}s")
        found[kind] = model._default_manager.in_bulk(list(keys)) if model else {}
    for row in rows:
        setattr(row, FOUND, found[row.reference_type].get(row.reference_id))


@cache
def _models() -> dict[str, type[Model]]:
    return {model._meta.db_table: model for model in apps.get_models()}
