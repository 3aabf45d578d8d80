"""The list of erasures: who was erased, by the number that stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    ReadOnlyAdmin,
    link,
    since,
)
from stateset.lib.models import number_field
from stateset.system.models import Erasure

FOUND = "_erased"


@admin.display(description="who", ordering="subject_id")
def who(row: Erasure) -> str:
    """Show the number of who was erased as a link; the key where the row is gone."""
    if not hasattr(row, FOUND):
        _find([row])
    found: Model | None = getattr(row, FOUND)
    if found is None:
        return str(row.subject_id)
    field = number_field(type(found))
    return link(found, str(field.value_from_object(found)) if field else "")


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Who was erased when, and by whom; a restore erases them again."""

    # The first column leads to the erasure itself.
    list_display = (
        since("erased_at", label="erased"),
        who,
        "scope",
        "reason",
        "actor_label",
    )
    list_filter = (
        ("scope", ChoicesFilter),
        ("reason", ChoicesFilter),
        ("erased_at", DateRangeFilter),
    )
    search_fields = ("subject_id__exact",)
    search_help_text = "The key of who was erased"
    ordering = ("-erased_at", "-id")
    fields: ClassVar[Any] = (
        who,
        "scope",
        "erased_at",
        "reason",
        "actor_label",
        "subject",
        "subject_id",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), who)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        _find(changelist.result_list)
        return changelist


def _find(rows: Iterable[Any]) -> None:
    """Read who was erased, one question a model, and keep it at the rows."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        wanted[row.subject].add(row.subject_id)
    found = {subject: _read(subject, keys) for subject, keys in wanted.items()}
    for row in rows:
        setattr(row, FOUND, found[row.subject].get(row.subject_id))


def _read(subject: str, keys: set[UUID]) -> dict[Any, Model]:
    try:
        model = apps.get_model(subject)
    except (LookupError, ValueError):
        # Of another release.
        return {}
    rows: dict[Any, Model] = model._base_manager.in_bulk(list(keys))
    return rows
