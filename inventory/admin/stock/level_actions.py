"""What people may do to a stock level, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from uuid_utils.compat import uuid7

from inventory.admin.stock.units import units_hint, units_text
from inventory.models import Location, ReferenceType, StockLevel, StockTransaction
from inventory.services.stock import (
    Demand,
    Reference,
    adjust_stock,
    count_stock,
    hold_stock,
    take_available,
    transfer_stock,
)
from stateset.lib.admin import GuidedAction, ReasonForm
from stateset.lib.admin.entry import UnitsField
from stateset.lib.errors import StatesetError
from stateset.lib.fields import MOST_UNITS

Data = Mapping[str, Any]


class UnitsForm(ReasonForm):
    """Asks for units of a level and a reason, and says in what to type them."""

    counts: str = "quantity"

    def prepare(self) -> None:
        if self.row is not None:
            field = self.fields[self.counts]
            hint = units_hint(self.row.variant)
            field.help_text = f"{field.help_text} {hint}".strip()


class AdjustForm(UnitsForm):
    counts = "delta"
    field_order = ("delta", "reason")

    delta = UnitsField(
        label="Units to add",
        min_value=-MOST_UNITS,
        help_text="Below zero takes units away.",
    )


class CountForm(UnitsForm):
    counts = "counted"
    field_order = ("counted", "reason")

    counted = UnitsField(label="Units counted")
    # What the page said is there: what moves while people count asks for another.
    expected = UnitsField(widget=forms.HiddenInput)

    def prepare(self) -> None:
        super().prepare()
        if self.row is not None:
            self.fields["expected"].initial = self.row.on_hand


class ScrapForm(UnitsForm):
    field_order = ("quantity", "reason")

    quantity = UnitsField(label="Units", min_value=1)


class HoldForm(UnitsForm):
    field_order = ("quantity", "until", "reason")

    quantity = UnitsField(label="Units", min_value=1)
    until = forms.DateField(
        label="Until the end of",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Available again from then on. Empty: until somebody releases them.",
    )


class TransferForm(UnitsForm):
    field_order = ("target", "quantity", "reason")

    target = forms.ModelChoiceField(Location.objects.none(), label="To")
    quantity = UnitsField(label="Units", min_value=1)

    def prepare(self) -> None:
        super().prepare()
        if self.row is not None:
            places = Location.objects.filter(is_active=True)
            target: Any = self.fields["target"]
            target.queryset = places.exclude(pk=self.row.location_id).order_by("code")


def _adjust(row: StockLevel, request: HttpRequest, data: Data) -> str:
    delta = data["delta"]
    adjust_stock(level=row, delta=delta, reason=data["reason"])
    sign = "+" if delta > 0 else ""
    return f"{row} is adjusted by {sign}{units_text(delta, row.variant)}."


def _count(row: StockLevel, request: HttpRequest, data: Data) -> str:
    count_stock(
        level=row,
        counted=data["counted"],
        expected=data["expected"],
        reason=data["reason"],
    )
    return f"{row} is counted: {units_text(data['counted'], row.variant)} on hand."


def _transfer(row: StockLevel, request: HttpRequest, data: Data) -> str:
    transfer_stock(
        variant=row.variant,
        source=row.location,
        target=data["target"],
        quantity=data["quantity"],
        reason=data["reason"],
    )
    moved = units_text(data["quantity"], row.variant)
    return f"{moved} of {row.variant.sku} went to {data['target']}."


def _hold(row: StockLevel, request: HttpRequest, data: Data) -> str:
    day = data["until"]
    hold_stock(
        level=row,
        quantity=data["quantity"],
        until=_end_of(day) if day else None,
        reason=data["reason"],
    )
    return f"{units_text(data['quantity'], row.variant)} of {row} are set aside."


def _scrap(row: StockLevel, request: HttpRequest, data: Data) -> str:
    take_available(
        location=row.location,
        demands=[Demand(row.variant_id, data["quantity"], row.pk)],
        kind=StockTransaction.Type.SCRAP,
        reference=Reference(ReferenceType.ADJUSTMENT, uuid7()),
        reason=data["reason"],
    )
    return f"{units_text(data['quantity'], row.variant)} of {row} are scrapped."


def _refuse_hold(row: StockLevel) -> str:
    if not row.location.sells:
        return "nothing is promised from quarantine"
    return _refuse_empty(row)


def _refuse_empty(row: Any) -> str:
    return "" if row.free else "nothing is available"


def _end_of(day: date) -> datetime:
    if day == date.max:
        raise StatesetError(
            "Nothing was set aside.",
            why=f"{day} is the last day there is",
            fix="leave the day empty: then it stays until somebody releases it",
        )
    return datetime.combine(day, time(0), tzinfo=UTC) + timedelta(days=1)


def _facts(row: Any) -> Iterator[tuple[str, str]]:
    yield "On hand", units_text(row.on_hand, row.variant)
    yield "Promised", units_text(row.held + row.allocated, row.variant)
    yield "Available", units_text(row.free, row.variant)


LEVEL_ACTIONS = (
    GuidedAction(
        "count",
        "Count",
        _count,
        explain="Sets what is on hand to what was counted.",
        form=CountForm,
        facts=_facts,
    ),
    GuidedAction(
        "adjust",
        "Adjust",
        _adjust,
        explain="Adds or takes units, for damage, loss or finds.",
        form=AdjustForm,
        facts=_facts,
    ),
    GuidedAction(
        "transfer",
        "Transfer",
        _transfer,
        explain="Moves available units to another location.",
        form=TransferForm,
        refusal=_refuse_empty,
        facts=_facts,
    ),
    GuidedAction(
        "hold",
        "Set aside",
        _hold,
        explain="Reserves available units for somebody who has no order yet.",
        form=HoldForm,
        refusal=_refuse_hold,
        facts=_facts,
    ),
    GuidedAction(
        "scrap",
        "Scrap",
        _scrap,
        explain="Takes available units out of stock for good.",
        form=ScrapForm,
        refusal=_refuse_empty,
        facts=_facts,
        is_dangerous=True,
    ),
)
