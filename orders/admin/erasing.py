"""The button that erases a customer: what would go is shown, the number is typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest

from orders.models import Customer
from orders.services.erasing import (
    erase_customer,
    plan_erasure,
)
from stateset.lib.admin import ActionForm, GuidedAction
from stateset.lib.erasing import INVOICES
from stateset.system.models import ErasureReason


class EraseForm(ActionForm):
    reason = forms.ChoiceField(
        choices=ErasureReason,
        label="Why",
        help_text="Kept in the audit trail; to be chosen, so that it names nobody.",
    )
    invoices = forms.BooleanField(
        required=False,
        label="Issued invoices too",
        help_text="Only where no tax law has them kept any more (6 to 10 years).",
    )
    number = forms.CharField(
        label="Customer number", help_text="To be typed, as this can't be undone."
    )

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"]).strip()
        if self.row is not None and typed != self.row.customer_number:
            raise forms.ValidationError("This is not the number of this customer.")
        return typed


def facts(customer: Customer) -> Iterator[tuple[str, str]]:
    """Yield what was done, is in the way, would be erased, and what stays and why."""
    plan = plan_erasure(customer)
    for each in plan.erased_before:
        yield "Erased before", f"on {each}"
    for each in plan.in_the_way:
        yield "In the way", each
    for name, count in plan.rows:
        yield name.capitalize(), f"{count:,}"
    for what, why in plan.kept:
        yield f"Stays: {what}", why


def erase(customer: Customer, request: HttpRequest, data: Mapping[str, Any]) -> str:
    erase_customer(
        customer=customer,
        reason=data["reason"],
        scope=INVOICES if data["invoices"] else "",
    )
    return f"Customer {customer.customer_number} is erased."


ERASE = GuidedAction(
    "erase",
    "Erase",
    erase,
    explain="Puts made up words in place of all that is personal: in the rows below,"
    " and in what the events and the audit log say of them. Numbers, amounts, goods and"
    " dates stay, so the books do. Backups have the customer until they are pruned; a"
    " restore erases again.",
    warning="Nothing brings it back.",
    form=EraseForm,
    permission="orders.erase_customer",
    facts=facts,
    is_dangerous=True,
)
