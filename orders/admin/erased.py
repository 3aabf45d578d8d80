"""That a customer is erased: over the customer's page, and as a filter of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.timezone import localtime

from orders.services.erasing import SUBJECT
from stateset.lib.admin import NEUTRAL, AnswerFilter, StatesetAdmin, pill
from stateset.lib.erasing import INVOICES
from stateset.system.models import Erasure


class ErasedFilter(AnswerFilter):
    title = "erased"
    parameter_name = "erased"

    def condition(self) -> Q:
        erased = Erasure.objects.filter(subject=SUBJECT)
        return Q(pk__in=erased.values("subject_id"))


class ErasedMixin(StatesetAdmin):
    """Say over the page of an erased customer when that was, and who did it."""

    def header_columns_of(self, row: Any) -> Sequence[Any]:
        columns = super().header_columns_of(row)
        made = Erasure.objects.filter(subject=SUBJECT, subject_id=row.pk)
        newest = made.order_by("-erased_at", "-id").first()
        if newest is None:
            return columns

        @admin.display(description="personal data")
        def erased(_row: Any) -> str:
            return pill(_words(newest), NEUTRAL)

        return (*columns, erased)


def _words(erasure: Erasure) -> str:
    day = localtime(erasure.erased_at)
    words = f"Erased on {day.day} {day:%b %Y}"
    if erasure.actor_label:
        words += f" by {erasure.actor_label}"
    return words + (", issued invoices too" if erasure.scope == INVOICES else "")
