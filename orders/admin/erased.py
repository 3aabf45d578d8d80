"""That a customer is erased: over the customer's page, and as a filter of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q

from orders.services.erasing import SUBJECT, erased_before
from stateset.lib.admin import NEUTRAL, AnswerFilter, StatesetAdmin, pill
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
        made = erased_before(row)
        if not made:
            return columns

        @admin.display(description="personal data")
        def erased(_row: Any) -> str:
            return pill(f"Erased on {made[-1]}", NEUTRAL)

        return (*columns, erased)
