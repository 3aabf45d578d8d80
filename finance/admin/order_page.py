"""What finance adds to the page of an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from finance.admin.columns import PAYMENT_STATUS, invoice_status, money_due
from finance.admin.money_fields import PaymentForm
from finance.models import Invoice, Payment
from finance.services import (
    authorizable_amount,
    invoice_order,
    owed_on_order,
    record_authorization,
    record_payment,
)
from finance.services.invoice_lines import order_lines_left
from orders.admin.order import OrderAdmin
from orders.models import Order
from stateset.lib.admin import (
    GuidedAction,
    ReadOnlyInline,
    link,
    money,
    money_text,
    since,
)
from stateset.lib.admin.lines import own_page

Data = Mapping[str, Any]


class InvoiceInline(ReadOnlyInline):
    model = Invoice
    fields = (
        own_page("invoice"),
        "kind",
        invoice_status,
        money("total"),
        money_due,
        since("issued_on", label="issued"),
        since("due_on", label="due on"),
    )
    ordering = ("-id",)
    hide_title = True


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = (
        own_page("payment"),
        "kind",
        PAYMENT_STATUS,
        money("amount"),
        money("captured_amount", label="captured"),
        money("refunded_amount", label="refunded"),
        "method",
        since("processed_at", label="processed"),
    )
    ordering = ("-id",)
    hide_title = True


class OrderPaymentForm(PaymentForm):
    """What a customer paid for an order."""

    def limit(self, row: Order) -> Decimal:
        return owed_on_order(row)


class OrderAuthorizationForm(PaymentForm):
    """What a customer's card or account vouches for."""

    method = forms.ChoiceField(
        choices=[(str(each), each.label) for each in Payment.METHODS_TO_AUTHORIZE]
    )

    def limit(self, row: Order) -> Decimal:
        return authorizable_amount(row)


def _invoice(row: Order, request: HttpRequest, data: Data) -> str:
    invoice = invoice_order(row)
    total = money_text(invoice.total, invoice.currency)
    return format_html("Invoice {} over {} is issued.", link(invoice), total)


def _pay(row: Order, request: HttpRequest, data: Data) -> str:
    payment = record_payment(order=row, **data)
    return format_html("Payment {} is recorded for order {}.", link(payment), row)


def _authorize(row: Order, request: HttpRequest, data: Data) -> str:
    payment = record_authorization(order=row, **data)
    return format_html("Payment {} is authorised for order {}.", link(payment), row)


def _refuse_invoice(row: Order) -> str:
    if row.status in (Order.Status.PENDING, Order.Status.CANCELLED):
        return f"it is {row.get_status_display().lower()}"
    return "" if order_lines_left(row) else "its lines are all on invoices"


def _refuse_payment(row: Order) -> str:
    return "" if owed_on_order(row) > 0 else "nothing is owed"


def _refuse_authorization(row: Order) -> str:
    return "" if authorizable_amount(row) > 0 else "nothing is left to authorise"


def _facts(row: Order) -> Iterator[tuple[str, str]]:
    yield "Total", money_text(row.total_amount, row.currency)
    yield "Paid", money_text(row.amount_paid, row.currency)
    yield "Authorised", money_text(row.amount_authorized, row.currency)
    yield "Owed", money_text(owed_on_order(row), row.currency)


OrderAdmin.extend(
    inlines=(InvoiceInline, PaymentInline),
    actions=(
        GuidedAction(
            "invoice",
            "Invoice",
            _invoice,
            explain="Issues an invoice over all that none charges yet. To charge less,"
            " add a draft under Invoices.",
            refusal=_refuse_invoice,
            facts=_facts,
            permission="finance.add_invoice",
            in_bulk=True,
        ),
        GuidedAction(
            "pay",
            "Record payment",
            _pay,
            explain="It settles the order's open invoices, the oldest first.",
            form=OrderPaymentForm,
            refusal=_refuse_payment,
            facts=_facts,
            permission="finance.add_payment",
        ),
        GuidedAction(
            "authorize",
            "Authorise payment",
            _authorize,
            explain="The customer's card or account vouches for the amount; no money is"
            " taken before the payment is captured.",
            form=OrderAuthorizationForm,
            refusal=_refuse_authorization,
            facts=_facts,
            permission="finance.add_payment",
        ),
    ),
)
