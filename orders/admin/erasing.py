"""The button that erases a customer: what would go is shown, the number is typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from orders.models import Customer
from orders.services.erasing import (
    erase_customer,
    plan_erasure,
    what_is_open,
)
from stateset.lib.admin import ActionForm, GuidedAction
from stateset.lib.erasing import INVOICES, Kept, newest_issued, why_nobody
from stateset.system.models import ErasureReason


class EraseForm(ActionForm):
    reason = forms.ChoiceField(
        choices=[("", "Choose one"), *ErasureReason.choices],
        label="Why",
        help_text="Kept in the audit trail; to be chosen, so that it names nobody.",
    )
    invoices = forms.BooleanField(
        required=False,
        label="Issued invoices too",
        help_text="Only once tax law lets them go: it wants them for 6 to 10 years.",
    )
    number = forms.CharField(
        label="Customer number", help_text="To be typed, as this can't be undone."
    )

    def prepare(self) -> None:
        """Say how old the invoices are that would go."""
        if self.row is None:
            return
        newest = newest_issued(DEFAULT_DB_ALIAS, self.row.pk)
        words = "There are none now."
        if newest:
            day = f"{newest.day} {newest:%b %Y}"
            words = f"The newest is of {day}; tax law wants them for 6 to 10 years."
        self.fields["invoices"].help_text = words

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"]).strip()
        if self.row is not None and typed != self.row.customer_number:
            raise forms.ValidationError("This is not the number of this customer.")
        return typed


def facts(customer: Customer) -> Iterator[tuple[str, str]]:
    """Yield who it is, what was done, what goes, and what stays and why."""
    plan = plan_erasure(customer)
    yield "Name", customer.display_name
    yield "E-mail", customer.email or "none"
    for each in plan.erased_before:
        yield "Erased before", f"on {each}"
    going = (str(each) for each in plan.rows)
    yield (
        "What is personal goes from",
        _listed([*going, "what events and the audit log say of them"]),
    )
    if plan.kept:
        yield "What stays, and why", _listed(map(_stays, plan.kept))


def hindrance(customer: Customer) -> str:
    """Return what has to be finished first."""
    open_ones = "; ".join(what_is_open(customer))
    return f"{open_ones}. Finish or cancel that first" if open_ones else ""


def erase(customer: Customer, request: HttpRequest, data: Mapping[str, Any]) -> str:
    erase_customer(
        customer=customer,
        reason=data["reason"],
        scope=INVOICES if data["invoices"] else "",
    )
    return f"Customer {customer.customer_number} is erased."


def _stays(kept: Kept) -> str:
    too = (
        "; they go if “Issued invoices too” is ticked"
        if kept.unless == INVOICES
        else ""
    )
    return f"{kept.what}: {kept.why}{too}"


def _listed(lines: Iterable[str]) -> str:
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html('<ul class="ss-rows">{}</ul>', items)


ERASE = GuidedAction(
    "erase",
    "Erase",
    erase,
    explain="Puts made up words in place of all that is personal. Numbers, amounts,"
    " goods and dates stay, so the books do. Backups have the customer until they are"
    " pruned; a restore of one erases again.",
    warning="Nothing brings it back.",
    form=EraseForm,
    refusal=why_nobody,
    hindrance=hindrance,
    permission="orders.erase_customer",
    facts=facts,
    is_dangerous=True,
)
