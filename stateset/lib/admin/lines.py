"""Lines that change only while their document does, numbered as they come."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import admin
from django.db.models import Max
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from stateset.lib.admin.columns import link
from stateset.lib.admin.inlines import StatesetTabularInline


class NumberedFormSet(BaseInlineFormSet):
    """Give each new line the number after the highest there is."""

    def save_new(
        self,
        form: Any,
        commit: bool = True,  # noqa: FBT001, FBT002 -- Django's own
    ) -> Any:
        model = type(form.instance)
        lines = model._default_manager.filter(**{self.fk.name: self.instance})
        highest = lines.aggregate(number=Max("line_number"))["number"]
        form.instance.line_number = (highest or 0) + 1
        return super().save_new(form, commit=commit)


class DraftLinesInline(StatesetTabularInline):
    """Lines of a document that are only read once it left ``editable_statuses``."""

    editable_statuses: Collection[str] = ("draft",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open(obj) and super().has_delete_permission(request, obj)

    def is_open(self, document: Any) -> bool:
        """Return whether the lines of ``document`` may change."""
        return document is None or document.status in self.editable_statuses


def own_page(label: str) -> Callable[[Any], str]:
    """Return a column of an inline that leads to the page of its row."""

    @admin.display(description=label)
    def show(row: Any) -> str:
        return "" if row._state.adding else link(row)

    return show
