"""What the actions of a return ask for, a field or more a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from returns.models import ReturnItem, ReturnRequest
from returns.services import Finding
from returns.services.amounts import shipping_left
from returns.services.inspection import why_not_found
from stateset.lib.admin import ActionForm, ReasonForm
from stateset.lib.fields import minor_units

Data = Mapping[str, Any]


def lines_of(return_request: ReturnRequest | None) -> Iterator[ReturnItem]:
    """Yield the lines of a return, in the order of its order."""
    if return_request is not None:
        items = return_request.items.select_related("order_item__order")
        yield from items.order_by("order_item__line_number")


class ApproveForm(ActionForm):
    """The units approved, a field a line; fewer than asked for may be."""

    def prepare(self) -> None:
        for item in lines_of(self.row):
            # An earlier level may have approved fewer, or all but this line.
            has_decided = any(i.quantity_approved for i in lines_of(self.row))
            most = item.quantity_approved if has_decided else item.quantity
            self.fields[f"approved_{item.pk}"] = forms.IntegerField(
                label=f"{item.order_item.sku} {item.order_item.name}",
                min_value=0,
                max_value=most,
                initial=most,
                help_text=f"Of {most} asked for.",
            )


def approved_units(return_request: ReturnRequest, data: Data) -> dict[UUID, int]:
    """Return what an ApproveForm says."""
    return {i.pk: data[f"approved_{i.pk}"] for i in lines_of(return_request)}


class ReceiveForm(ActionForm):
    """The units that came now, a field a line of which some are expected."""

    is_last = forms.BooleanField(
        label="Nothing more will come",
        required=False,
        help_text="Tick it when the rest is not coming; otherwise it stays expected.",
    )

    def prepare(self) -> None:
        for item in lines_of(self.row):
            if item.open_quantity < 1:
                continue
            self.fields[f"came_{item.pk}"] = forms.IntegerField(
                label=f"{item.order_item.sku} {item.order_item.name}",
                min_value=0,
                max_value=item.open_quantity,
                initial=item.open_quantity,
                help_text=f"Of {item.open_quantity} expected.",
            )
        self.order_fields([name for name in self.fields if name != "is_last"])


def units_that_came(return_request: ReturnRequest, data: Data) -> dict[UUID, int]:
    """Return what a ReceiveForm says."""
    return {i.pk: data.get(f"came_{i.pk}", 0) for i in lines_of(return_request)}


class InspectForm(ActionForm):
    """Condition and units by what becomes of them, for each line that came."""

    WAYS = (
        ("restock", "back on the shelf"),
        ("quarantine", "into quarantine"),
        ("scrap", "scrapped"),
    )

    def prepare(self) -> None:
        for item in _arrived(self.row):
            name = f"{item.quantity_received} × {item.order_item.sku}"
            self.fields[f"condition_{item.pk}"] = forms.ChoiceField(
                label=f"{name}: condition",
                choices=[c for c in ReturnItem.Condition.choices if c[0]],
                help_text="Mixed where units are not all alike.",
            )
            for way, words in self.WAYS:
                is_usual = way == "restock"
                self.fields[f"{way}_{item.pk}"] = forms.IntegerField(
                    label=f"{name}: {words}",
                    min_value=0,
                    max_value=item.quantity_received,
                    initial=item.quantity_received if is_usual else 0,
                )

    def clean(self) -> dict[str, Any]:
        """Say at the line what can't be found of it."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        for item in _arrived(self.row):
            if why := why_not_found(item, _finding(item, data)):
                self.add_error(f"condition_{item.pk}", f"{why[0].upper()}{why[1:]}.")
        return data


def findings(return_request: ReturnRequest, data: Data) -> dict[UUID, Finding]:
    """Return what an InspectForm says."""
    return {item.pk: _finding(item, data) for item in _arrived(return_request)}


class CompleteForm(ActionForm):
    """Freight to give back and a fee to keep, where money goes back."""

    def prepare(self) -> None:
        row = self.row
        if row is None or row.resolution != ReturnRequest.Resolution.REFUND:
            return
        if most := shipping_left(row):
            self.fields["shipping_refund"] = _amount(row, "Freight given back", most)
        self.fields["restocking_fee"] = _amount(
            row, "Fee kept for restocking", row.items_amount
        )


def settled_amounts(data: Data) -> tuple[Decimal, Decimal]:
    """Return the freight and the fee that a CompleteForm says."""
    freight, fee = (data.get(n) for n in ("shipping_refund", "restocking_fee"))
    return freight or Decimal(0), fee or Decimal(0)


class ResolutionForm(ReasonForm):
    """What a return is to end in, and why not in what was promised."""

    resolution = forms.ChoiceField(label="End in")

    def prepare(self) -> None:
        self.fields["resolution"] = forms.ChoiceField(
            label="End in",
            choices=[
                choice
                for choice in ReturnRequest.Resolution.choices
                if self.row is None or choice[0] != self.row.resolution
            ],
        )
        self.order_fields(["resolution", "reason"])


def _amount(
    return_request: ReturnRequest, label: str, most: Decimal
) -> forms.DecimalField:
    digits = minor_units(return_request.currency)
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_value=most,
        decimal_places=digits,
        initial=0,
        help_text=f"At most {most:.{digits}f} {return_request.currency}.",
    )


def _arrived(return_request: ReturnRequest | None) -> Iterator[ReturnItem]:
    for item in lines_of(return_request):
        if item.quantity_received:
            yield item


def _finding(item: ReturnItem, data: Data) -> Finding:
    return Finding(
        condition=data[f"condition_{item.pk}"],
        restock=data[f"restock_{item.pk}"],
        quarantine=data[f"quarantine_{item.pk}"],
        scrap=data[f"scrap_{item.pk}"],
    )
