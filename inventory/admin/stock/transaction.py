"""The stock ledger: read, filtered, exported."""

from __future__ import annotations

from django.contrib import admin

from inventory.models import StockTransaction
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    ReadOnlyAdmin,
    RelatedFilter,
    link_to,
    number,
    since,
)


@admin.register(StockTransaction)
class StockTransactionAdmin(ReadOnlyAdmin):
    """Every change of every level, newest first."""

    list_display = (
        "id",
        since("occurred_at", label="when"),
        link_to("level"),
        "transaction_type",
        number("on_hand_delta", label="on hand"),
        number("reserved_delta", label="reserved"),
        number("allocated_delta", label="allocated"),
        number("on_hand_after", label="then on hand"),
        "reason",
    )
    list_filter = (
        ("transaction_type", ChoicesFilter),
        ("reference_type", ChoicesFilter),
        ("occurred_at", DateRangeFilter),
        ("level__location", RelatedFilter),
    )
    search_fields = ("reference_id__exact",)
    search_through = ("level__variant__sku__startswith",)
    search_help_text = "SKU, or the key of a document"
    list_select_related = ("level__variant", "level__location")
    ordering = ("-id",)
