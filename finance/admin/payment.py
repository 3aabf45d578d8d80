"""Payments: recorded here, corrected by refunds, otherwise only read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from finance.admin.columns import PAYMENT_STATUS
from finance.admin.money_fields import new_key
from finance.admin.payment_actions import PAYMENT_ACTIONS
from finance.models import Invoice, Payment, PaymentApplication
from finance.services import pay_supplier_invoice, record_payment
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    NumberRangeFilter,
    Preset,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RelatedFilter,
    link,
    link_to,
    money,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import own_page

ORDER = link_to("order")
INVOICE = link_to("invoice")
PARENT = link_to("parent", label="refund of")
AMOUNT = money("amount")
CAPTURED = money("captured_amount", label="captured")
REFUNDED = money("refunded_amount", label="refunded")
PROCESSED = since("processed_at", label="processed")
AUTHORIZED = since("authorized_at", label="authorised")
RUNS_OUT = since("authorization_expires_at", label="authorisation ends")
APPLIED = money("amount", currency="payment__currency")


@admin.display(description="for", ordering="order")
def name_of_debt(payment: Payment) -> str:
    """Return what is paid, as links: an order, an invoice, or both."""
    rows = [row for row in (payment.invoice, payment.order) if row is not None]
    links = format_html_join(", ", "{}", ((link(row),) for row in rows))
    return format_html('<span title="{}">{}</span>', ", ".join(map(str, rows)), links)


class NewPaymentForm(forms.ModelForm):
    """A payment as it is typed; one page sent twice records it once."""

    is_pending = forms.BooleanField(
        required=False,
        label="Not here yet",
        help_text="Tick it for money that is announced, and confirm it when it comes.",
    )
    page_key = forms.CharField(widget=forms.HiddenInput, initial=new_key)

    class Meta:
        model = Payment
        fields = (
            "order",
            "invoice",
            "amount",
            "method",
            "provider",
            "provider_reference",
        )
        help_texts = {
            "order": "Or an invoice; a supplier's invoice is paid out.",
            "provider_reference": "What the bank or provider calls it; recorded once.",
        }

    def _post_clean(self) -> None:
        """Leave the checks to the service, which says what is owed."""


class RefundInline(ReadOnlyInline):
    model = Payment
    fk_name = "parent"
    fields = (own_page("refund"), AMOUNT, "reason", link_to("created_by"), PROCESSED)
    ordering = ("-id",)
    hide_title = True
    verbose_name_plural = "refunds"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("created_by")


class ApplicationInline(ReadOnlyInline):
    model = PaymentApplication
    fields = (link_to("invoice"), APPLIED, "created_at")
    ordering = ("-id",)
    hide_title = True
    verbose_name_plural = "invoices settled"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice", "payment")


@admin.register(Payment)
class PaymentAdmin(DocumentAdmin):
    """Adding records a payment, or pays a supplier; then only actions change it."""

    list_display = (
        "payment_number",
        "kind",
        PAYMENT_STATUS,
        name_of_debt,
        AMOUNT,
        CAPTURED,
        REFUNDED,
        PROCESSED,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("kind", ChoicesFilter),
        ("method", ChoicesFilter),
        ("processed_at", DateRangeFilter),
        ("amount", NumberRangeFilter),
        ("created_by", RelatedFilter),
    )
    search_fields = ("payment_number__startswith",)
    search_through = (
        "order__order_number__startswith",
        "order__customer_email__exact",
        "invoice__invoice_number__startswith",
    )
    search_help_text = "Payment, order or invoice number, or customer's e-mail"
    list_select_related = ("order", "invoice")
    presets = (
        Preset("pending", "Pending", lambda rows: rows.filter(status="pending")),
        Preset("authorized", "Authorised", lambda rows: rows.authorized()),
        Preset("failed", "Failed", lambda rows: rows.filter(status="failed")),
    )
    ordering = ("-created_at", "-id")
    told_on = ("order", "invoice", "parent")
    header_columns = (PAYMENT_STATUS, AMOUNT, CAPTURED, REFUNDED, PROCESSED)
    inlines = (RefundInline, ApplicationInline)
    guided_actions = PAYMENT_ACTIONS

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        **kwargs: Any,
    ) -> type[Any]:
        if obj is None:
            kwargs["form"] = NewPaymentForm
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (
                ("What is paid", {"fields": ("order", "invoice")}),
                (
                    "How",
                    {
                        "fields": (
                            ("amount", "method"),
                            ("provider", "provider_reference"),
                            "is_pending",
                            "page_key",
                        )
                    },
                ),
            )
        what = (("payment_number", "kind"), (ORDER, INVOICE), PARENT)
        how = ("method", ("provider", "provider_reference"))
        return (
            (None, {"fields": what}),
            ("Money", {"fields": ((AMOUNT, CAPTURED, REFUNDED), *how)}),
            (
                "Progress",
                {
                    "fields": (
                        ("created_by", PROCESSED),
                        (AUTHORIZED, RUNS_OUT),
                        "reason",
                        "failure_message",
                    )
                },
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        typed = ("kind", "method", "provider", "provider_reference", "reason")
        shown = ("payment_number", "status", "failure_message", "created_by")
        money_and_times = (AMOUNT, CAPTURED, REFUNDED, PROCESSED, AUTHORIZED, RUNS_OUT)
        return (*typed, *shown, ORDER, INVOICE, PARENT, *money_and_times)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            return
        typed = dict(form.cleaned_data)
        is_pending, key = typed.pop("is_pending"), typed.pop("page_key")
        invoice: Invoice | None = typed["invoice"]
        if invoice is not None and invoice.kind == Invoice.Kind.PAYABLE:
            typed = {name: typed[name] for name in typed if name != "order"}
            become(obj, pay_supplier_invoice(**typed, idempotency_key=key))
            return
        become(
            obj,
            record_payment(**typed, has_arrived=not is_pending, idempotency_key=key),
        )


@admin.register(PaymentApplication)
class PaymentApplicationAdmin(ReadOnlyAdmin):
    """Which payment settled which invoice; written with payments and refunds."""

    list_display = (
        "__str__",
        link_to("payment"),
        link_to("invoice"),
        APPLIED,
        status_pill("invoice__status", label="invoice is"),
        since("created_at", label="applied"),
    )
    list_filter = (("created_at", DateRangeFilter), ("amount", NumberRangeFilter))
    search_through = (
        "payment__payment_number__startswith",
        "invoice__invoice_number__startswith",
    )
    list_select_related = ("payment", "invoice")
    ordering = ("-id",)
