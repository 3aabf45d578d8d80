"""The page that asks what came in: a quantity a line, on an order or a notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django import forms

from inventory.admin.procurement.costs import cost_doubt
from inventory.models import (
    ItemReceipt,
    Location,
    PurchaseOrder,
    ShippingNotice,
)
from inventory.services.procurement import receive_purchase_order
from stateset.lib.admin import ActionForm
from stateset.lib.admin.doubts import SEND_AGAIN, AskingForm

WHAT_IT_DOES = (
    "Books what came in: received units into stock, rejected ones on paper only."
    " Correct each number to what was counted."
)

OpenLine = tuple[UUID, str, int]
"""Key of a line of the order, its words, and how many units it expects."""


class DeliveryForm(AskingForm, ActionForm):
    """Two boxes a line: units taken into stock, and units turned away."""

    def prepare(self) -> None:
        if self.row is None:
            return
        for item_id, words, expected in open_lines(self.row):
            self.fields[f"good_{item_id}"] = forms.IntegerField(
                label=f"{words}: received",
                min_value=0,
                max_value=expected,
                initial=expected,
                required=False,
                help_text=f"{expected:,} expected",
            )
            self.fields[f"rejected_{item_id}"] = forms.IntegerField(
                label=f"{words}: rejected",
                min_value=0,
                max_value=expected,
                initial=0,
                required=False,
            )
        self.fields["location"] = forms.ModelChoiceField(
            Location.objects.filter(is_active=True).order_by("code"),
            initial=order_of(self.row).ship_to_id,
            label="Into",
        )
        self.fields["notes"] = forms.CharField(
            required=False, widget=forms.Textarea(attrs={"rows": 3})
        )

    def clean(self) -> dict[str, Any]:
        """Ask once about lines that come in at a most unlikely cost."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or self.row is None:
            return typed
        units = _typed(typed, "good_")
        items = order_of(self.row).items.filter(pk__in=[k for k in units if units[k]])
        costs = items.select_related("variant").order_by("line_number")
        doubt = cost_doubt((item.variant, item.unit_cost) for item in costs)
        if not self.is_sure(doubt):
            self.add_error(None, f"{doubt} {SEND_AGAIN}")
        return typed


def open_lines(row: PurchaseOrder | ShippingNotice) -> Iterator[OpenLine]:
    """Yield the lines that still expect units, in the order of the order."""
    if isinstance(row, PurchaseOrder):
        items = row.items.select_related("variant").order_by("line_number")
        lines = [(item, item.open_quantity) for item in items]
    else:
        announced = row.items.select_related("purchase_order_item__variant").order_by(
            "purchase_order_item__line_number"
        )
        lines = [(item.purchase_order_item, item.open_quantity) for item in announced]
    for item, expected in lines:
        if expected > 0:
            yield item.pk, f"{item.line_number}. {item.variant.sku}", expected


def order_of(row: PurchaseOrder | ShippingNotice) -> PurchaseOrder:
    """Return the order that goods on ``row`` are booked to."""
    return row if isinstance(row, PurchaseOrder) else row.purchase_order


def receive(
    row: PurchaseOrder | ShippingNotice, data: Mapping[str, Any]
) -> list[ItemReceipt]:
    """Book what a delivery form says."""
    return receive_purchase_order(
        order_of(row),
        quantities=_typed(data, "good_"),
        rejected=_typed(data, "rejected_"),
        location=data["location"],
        shipping_notice=row if isinstance(row, ShippingNotice) else None,
        notes=data["notes"],
    )


def _typed(data: Mapping[str, Any], prefix: str) -> dict[UUID, int]:
    return {
        UUID(name.removeprefix(prefix)): units or 0
        for name, units in data.items()
        if name.startswith(prefix)
    }
