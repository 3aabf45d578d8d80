"""What people may do to a payment, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from finance.admin.money_fields import MoneyForm
from finance.models import Payment
from finance.services import (
    authorize_payment,
    cancel_payment,
    capturable_amount,
    capture_payment,
    confirm_payment,
    fail_payment,
    refund_payment,
    void_payment,
)
from stateset.lib.admin import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
    link,
    money_text,
)

Data = Mapping[str, Any]


class RefundForm(MoneyForm):
    """How much goes back, and whether the debt goes with it."""

    reason = forms.CharField(
        max_length=255, help_text="Kept in the audit trail, for whoever asks later."
    )
    reopens_invoice = forms.BooleanField(
        required=False,
        label="It is still owed",
        help_text="Tick it when the payment was wrong or bounced. Left empty, the"
        " debt goes too, as for goods that came back; invoices are credited.",
    )

    def limit(self, row: Payment) -> Decimal:
        return row.refundable_amount


class CaptureForm(MoneyForm):
    """How much of an authorisation is taken; the rest is let go."""

    def limit(self, row: Payment) -> Decimal:
        return capturable_amount(row)


class FailureForm(ActionForm):
    message = forms.CharField(
        max_length=255, label="What went wrong", help_text="As the provider says it."
    )


def _refund(row: Payment, request: HttpRequest, data: Data) -> str:
    refund = refund_payment(row, **data)
    given_back = money_text(refund.amount, refund.currency)
    return format_html(
        "{} of payment {} went back as {}.", given_back, row, link(refund)
    )


def _authorize(row: Payment, request: HttpRequest, data: Data) -> str:
    authorize_payment(row)
    return f"Payment {row} is authorised."


def _capture(row: Payment, request: HttpRequest, data: Data) -> str:
    capture_payment(row, amount=data["amount"])
    taken = money_text(row.captured_amount, row.currency)
    return f"{taken} of payment {row} is captured."


def _void(row: Payment, request: HttpRequest, data: Data) -> str:
    void_payment(row, reason=data["reason"])
    return f"The authorisation of payment {row} is void."


def _confirm(row: Payment, request: HttpRequest, data: Data) -> str:
    confirm_payment(row)
    return f"Payment {row} has arrived."


def _fail(row: Payment, request: HttpRequest, data: Data) -> str:
    fail_payment(row, message=data["message"])
    return f"Payment {row} failed."


def _cancel(row: Payment, request: HttpRequest, data: Data) -> str:
    cancel_payment(row, reason=data["reason"])
    return f"Payment {row} is cancelled."


def _refuse_refund(row: Payment) -> str:
    if row.kind != Payment.Kind.CHARGE:
        return f"it is a {row.get_kind_display().lower()}"
    if row.status not in Payment.MONEY_STATUSES:
        return f"it is {row.get_status_display().lower()}"
    return "" if row.refundable_amount else "all of it went back"


def _refuse_confirmation(row: Payment) -> str:
    if row.status != Payment.Status.PENDING:
        return f"it is {row.get_status_display().lower()}"
    return ""


def _refuse_authorization(row: Payment) -> str:
    if row.method not in Payment.METHODS_TO_AUTHORIZE:
        return f"it is by {row.get_method_display().lower()}"
    return leads_to(Payment.Status.AUTHORIZED)(row)


def _refuse_capture(row: Payment) -> str:
    if row.status != Payment.Status.AUTHORIZED:
        return f"it is {row.get_status_display().lower()}"
    if row.has_run_out(timezone.now()):
        return "its authorisation ran out"
    return "" if capturable_amount(row) else "nothing is owed"


def _facts(row: Payment) -> Iterator[tuple[str, str]]:
    yield "Amount", money_text(row.amount, row.currency)
    yield "Captured", money_text(row.captured_amount, row.currency)
    yield "Refunded", money_text(row.refunded_amount, row.currency)
    if row.status == Payment.Status.AUTHORIZED:
        yield "Authorised until", f"{row.authorization_expires_at:%Y-%m-%d %H:%M} UTC"
    if row.order is not None:
        yield "Order", str(row.order)
    if row.invoice is not None:
        yield "Invoice", str(row.invoice)


PAYMENT_ACTIONS = (
    GuidedAction(
        "refund",
        "Refund",
        _refund,
        explain="Records that money went back to the customer; nothing is sent to a"
        " bank or a provider.",
        form=RefundForm,
        refusal=_refuse_refund,
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "capture",
        "Capture",
        _capture,
        explain="The money is taken, once: it pays the order and its invoices. What is"
        " authorised beyond it is let go. Nothing is sent to a provider.",
        form=CaptureForm,
        refusal=_refuse_capture,
        facts=_facts,
    ),
    GuidedAction(
        "void",
        "Void",
        _void,
        explain="The authorisation is let go, and no money comes of it.",
        form=ReasonForm,
        refusal=leads_to(Payment.Status.VOIDED),
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "authorize",
        "Authorise",
        _authorize,
        explain="The customer's card or account vouches for the amount; no money is"
        " taken before it is captured.",
        refusal=_refuse_authorization,
        facts=_facts,
    ),
    GuidedAction(
        "confirm",
        "Confirm arrival",
        _confirm,
        explain="The money has come: it pays the order and its invoices.",
        refusal=_refuse_confirmation,
        facts=_facts,
        in_bulk=True,
    ),
    GuidedAction(
        "fail",
        "Mark as failed",
        _fail,
        explain="The money will not come; nothing is paid by it.",
        form=FailureForm,
        refusal=leads_to(Payment.Status.FAILED),
        facts=_facts,
    ),
    GuidedAction(
        "cancel",
        "Cancel",
        _cancel,
        explain="It is not waited for any more.",
        form=ReasonForm,
        refusal=leads_to(Payment.Status.CANCELLED),
        facts=_facts,
        is_dangerous=True,
    ),
)
