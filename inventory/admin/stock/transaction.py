"""The stock ledger: read, filtered, exported."""

from __future__ import annotations

from django.contrib import admin

from inventory.admin.stock.documents import ReferencingAdmin, document
from inventory.admin.stock.units import units
from inventory.models import StockTransaction
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    RelatedFilter,
    link_to,
    named,
    since,
)


@admin.display(description="type", ordering="transaction_type")
def kind_of_move(move: StockTransaction) -> str:
    return move.get_transaction_type_display()


@admin.register(StockTransaction)
class StockTransactionAdmin(ReferencingAdmin):
    """Every change of every level, newest first."""

    list_display = (
        since("occurred_at", label="when"),
        named("level"),
        kind_of_move,
        units("on_hand_delta", of="level.variant", label="on hand"),
        units("reserved_delta", of="level.variant", label="reserved"),
        units("allocated_delta", of="level.variant", label="allocated"),
        units("on_hand_after", of="level.variant", label="left"),
        document,
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
    header_columns = (document, link_to("actor", label="by"))
