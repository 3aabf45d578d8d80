"""What people may do to an invoice, each one call of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from finance.admin.money_fields import PaymentForm
from finance.models import Invoice, Payment
from finance.services import (
    credit_invoice,
    issue_invoice,
    owed_on_invoice,
    pay_supplier_invoice,
    record_payment,
    void_invoice,
)
from stateset.lib.admin import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
    link,
    money_text,
)
from stateset.lib.admin.entry import AmountField

Data = Mapping[str, Any]

UNITS = "units_"


class CreditForm(ReasonForm):
    """An amount, or units of lines."""

    amount = AmountField(required=False)

    def prepare(self) -> None:
        if self.row is None:
            return
        left = self.row.total - self.row.amount_credited
        self.fields["amount"].help_text = (
            f"At most {money_text(left, self.row.currency)}, tax included. Or leave it"
            " empty and say how many units of which line:"
        )
        for line in self.row.lines.order_by("line_number"):
            self.fields[f"{UNITS}{line.pk}"] = forms.IntegerField(
                label=f"{line.line_number}. {line.description}",
                min_value=0,
                max_value=line.quantity,
                required=False,
                help_text=f"Of {line.quantity:,} units charged.",
            )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(data.get("amount")) == bool(typed_lines(data)):
            raise forms.ValidationError("Give an amount, or units of lines.")
        return data


class ReceiptForm(PaymentForm):
    """What a customer paid."""

    def limit(self, row: Invoice) -> Decimal:
        return owed_on_invoice(row)


class PayoutForm(PaymentForm):
    """What is paid to a supplier."""

    def limit(self, row: Invoice) -> Decimal:
        return owed_on_invoice(row)


def typed_lines(data: Data) -> dict[UUID, int]:
    """Return the units of lines that a credit form names."""
    return {
        UUID(name.removeprefix(UNITS)): units
        for name, units in data.items()
        if name.startswith(UNITS) and units
    }


def _issue(row: Invoice, request: HttpRequest, data: Data) -> str:
    issue_invoice(row)
    return f"Invoice {row} is issued; it is not edited any more."


def _void(row: Invoice, request: HttpRequest, data: Data) -> str:
    void_invoice(row, reason=data["reason"])
    return f"Invoice {row} is void."


def _credit(row: Invoice, request: HttpRequest, data: Data) -> str:
    lines = typed_lines(data) or None
    amount = None if lines else data["amount"]
    note = credit_invoice(row, amount=amount, lines=lines, reason=data["reason"])
    total = money_text(note.total, note.currency)
    return format_html("Credit note {} over {} is written.", link(note), total)


def _receive(row: Invoice, request: HttpRequest, data: Data) -> str:
    payment = record_payment(invoice=row, **data)
    return _recorded(payment, row)


def _pay_out(row: Invoice, request: HttpRequest, data: Data) -> str:
    payment = pay_supplier_invoice(row, **data)
    return _recorded(payment, row)


def _recorded(payment: Payment, row: Invoice) -> str:
    row.refresh_from_db()
    status = row.get_status_display().lower()
    said = "Payment {} is recorded; the invoice is {}."
    return format_html(said, link(payment), status)


def _unpaid(kind: str) -> Callable[[Invoice], str]:
    def refusal(row: Invoice) -> str:
        if row.kind != kind:
            return f"it is {row.get_kind_display().lower()}"
        is_open = row.status in Invoice.UNPAID_STATUSES
        return "" if is_open else f"it is {row.get_status_display().lower()}"

    return refusal


def _refuse_issue(row: Invoice) -> str:
    return leads_to(Invoice.Status.OPEN)(row) if _is_draft(row) else "it is issued"


def _is_draft(row: Invoice) -> bool:
    return row.status == Invoice.Status.DRAFT


def _refuse_void(row: Invoice) -> str:
    if row.amount_paid or row.amount_credited:
        return "money was paid or credited on it"
    return leads_to(Invoice.Status.VOID)(row)


def _refuse_credit(row: Invoice) -> str:
    if row.kind != Invoice.Kind.RECEIVABLE:
        return f"it is {row.get_kind_display().lower()}"
    if row.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
        return f"it is {row.get_status_display().lower()}"
    return "" if row.amount_credited < row.total else "all of it is credited"


def _facts(row: Invoice) -> Iterator[tuple[str, str]]:
    yield "Party", str(row.customer or row.supplier)
    yield "Total", money_text(row.total, row.currency)
    yield "Paid", money_text(row.amount_paid, row.currency)
    yield "Credited", money_text(row.amount_credited, row.currency)


INVOICE_ACTIONS = (
    GuidedAction(
        "issue",
        "Issue",
        _issue,
        explain="Gives it the next number and fixes it. Payments held for its order"
        " are applied.",
        form=ActionForm,
        refusal=_refuse_issue,
        facts=_facts,
        in_bulk=True,
    ),
    GuidedAction(
        "receive",
        "Record payment",
        _receive,
        explain="What the customer paid on this invoice.",
        form=ReceiptForm,
        refusal=_unpaid(Invoice.Kind.RECEIVABLE),
        facts=_facts,
        permission="finance.add_payment",
    ),
    GuidedAction(
        "pay-out",
        "Pay supplier",
        _pay_out,
        explain="What was paid to the supplier on this invoice.",
        form=PayoutForm,
        refusal=_unpaid(Invoice.Kind.PAYABLE),
        facts=_facts,
        permission="finance.add_payment",
    ),
    GuidedAction(
        "credit",
        "Credit",
        _credit,
        explain="Writes a credit note. What was paid beyond the rest is the"
        " customer's: refund it on the payment.",
        form=CreditForm,
        refusal=_refuse_credit,
        facts=_facts,
    ),
    GuidedAction(
        "void",
        "Void",
        _void,
        explain="It counts as never charged; its number stays used.",
        form=ReasonForm,
        refusal=_refuse_void,
        facts=_facts,
        is_dangerous=True,
    ),
)
