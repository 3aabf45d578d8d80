"""Parts of forms: a box of units an order line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms

from fulfillment.models import FulfillmentOrder
from fulfillment.services.lines import Quantities, units_to_pick
from stateset.lib.admin import ActionForm

PREFIX = "units_"


class UnitsForm(ActionForm):
    """Has a box for each line of ``offered(row)``, filled with what is there."""

    def prepare(self) -> None:
        if self.row is None:
            return
        offered = self.offered(self.row)
        items = self.row.order.items.filter(pk__in=list(offered))
        boxes = {
            f"{PREFIX}{item.pk}": forms.IntegerField(
                label=f"{item.line_number}. {item.sku} {item.name}",
                min_value=0,
                max_value=offered[item.pk],
                initial=offered[item.pk],
                help_text=f"Of {offered[item.pk]:,}.",
            )
            for item in items.order_by("line_number")
        }
        self.fields |= boxes
        self.order_fields(list(boxes))

    def offered(self, row: FulfillmentOrder) -> Quantities:
        """Return how many units of each line there are to choose from."""
        return units_to_pick(row)


def typed_units(data: Mapping[str, Any]) -> dict[UUID, int]:
    """Return what such a form says, by order line."""
    return {
        UUID(name.removeprefix(PREFIX)): units
        for name, units in data.items()
        if name.startswith(PREFIX)
    }
