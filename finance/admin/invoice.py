"""Invoices: drafts with their lines, issued ones with their money."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from finance.admin.columns import invoice_status, money_due, name_of_party
from finance.admin.invoice_actions import INVOICE_ACTIONS
from finance.admin.invoice_line import InvoiceLineInline
from finance.admin.papers import PRINTED_INVOICE
from finance.errors import FinanceError
from finance.models import Invoice, InvoiceLine, PaymentApplication
from finance.services import (
    discard_draft,
    draft_invoice,
    draft_invoice_for_order,
    recalculate_invoice,
    record_supplier_invoice,
)
from orders.admin.order import address_text
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    NumberRangeFilter,
    Preset,
    ReadOnlyInline,
    RelatedFilter,
    link_to,
    money,
    since,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import own_page
from stateset.lib.admin.papers import PapersMixin

KIND = "kind"
ISSUED = since("issued_on", label="issued")
DUE_ON = since("due_on", label="due on")
TOTAL = money("total")
MONEY = (
    money("subtotal", label="net"),
    money("tax_total", label="tax"),
    money("shipping_total", label="shipping"),
    TOTAL,
)
SETTLED = (
    money("amount_paid", label="paid"),
    money("amount_credited", label="credited"),
    money_due,
)
SUBJECT = (link_to("order"), link_to("purchase_order"), link_to("credits"))


@admin.display(description="bill to")
def bill_to(invoice: Invoice) -> str:
    return address_text(invoice.bill_to)


class ApplicationInline(ReadOnlyInline):
    model = PaymentApplication
    fields = (
        link_to("payment"),
        money("amount", currency="payment__currency"),
        since("created_at", label="applied"),
    )
    ordering = ("-id",)
    hide_title = True
    verbose_name_plural = "payments applied"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("payment")


class CreditNoteInline(ReadOnlyInline):
    model = Invoice
    fk_name = "credits"
    fields = (own_page("credit note"), TOTAL, ISSUED, "status_reason")
    ordering = ("-id",)
    hide_title = True
    verbose_name_plural = "credit notes"


@admin.register(Invoice)
class InvoiceAdmin(PapersMixin, DocumentAdmin):
    """Adding drafts one for an order or a customer, or records a supplier's."""

    list_display = (
        "__str__",
        KIND,
        name_of_party,
        invoice_status,
        TOTAL,
        money_due,
        ISSUED,
        DUE_ON,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("kind", ChoicesFilter),
        ("issued_on", DateRangeFilter),
        ("due_on", DateRangeFilter),
        ("total", NumberRangeFilter),
        ("customer", RelatedFilter),
        ("supplier", RelatedFilter),
    )
    search_fields = (
        "invoice_number__startswith",
        "supplier_invoice_number__exact",
    )
    search_through = (
        "order__order_number__startswith",
        "purchase_order__po_number__startswith",
        "customer__email__exact",
        "customer__last_name",
        "customer__company",
        "supplier__name",
    )
    search_help_text = "Invoice, order or supplier's number, e-mail or name"
    list_select_related = ("customer", "supplier")
    presets = (
        Preset("drafts", "Drafts", lambda rows: rows.drafts()),
        Preset("unpaid", "Unpaid", lambda rows: rows.receivable().unpaid()),
        Preset(
            "overdue",
            "Overdue",
            lambda rows: rows.receivable().overdue(timezone.now().date()),
        ),
        Preset("to_pay", "To pay", lambda rows: rows.payable().unpaid()),
    )
    ordering = ("-created_at", "-id")
    told_on = ("order", "purchase_order")
    header_columns = (invoice_status, TOTAL, *SETTLED, DUE_ON)
    inlines = (InvoiceLineInline, ApplicationInline, CreditNoteInline)
    guided_actions = INVOICE_ACTIONS
    papers = (PRINTED_INVOICE,)
    deletable_statuses = (Invoice.Status.DRAFT,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return ()
        is_draft = obj.status == Invoice.Status.DRAFT
        return self.inlines[:1] if is_draft else self.inlines

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (
                (
                    "One of these",
                    {
                        "description": "An order: all of it that is not invoiced yet."
                        " A customer: lines are typed on the next page. A purchase"
                        " order with the supplier's number: everything received and"
                        " not charged yet, at the order's prices.",
                        "fields": (
                            "order",
                            "customer",
                            ("purchase_order", "supplier_invoice_number"),
                        ),
                    },
                ),
                ("Details", {"fields": ("due_on", "notes")}),
            )
        number = ("invoice_number", "supplier_invoice_number")
        dates = (ISSUED, "due_on" if _is_draft(obj) else DUE_ON)
        return (
            (
                None,
                {
                    "fields": (
                        number,
                        (KIND, name_of_party),
                        *_subject(obj),
                        dates,
                        bill_to,
                    )
                },
            ),
            ("Money", {"fields": (MONEY[:2], MONEY[2:], SETTLED[:2])}),
            ("Notes", {"fields": ("status_reason", "notes")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = (
            "invoice_number",
            "supplier_invoice_number",
            KIND,
            name_of_party,
            bill_to,
        )
        return (*shown, "status", "status_reason", *SUBJECT, *MONEY, *SETTLED) + (
            (ISSUED,) if _is_draft(obj) else (ISSUED, DUE_ON)
        )

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        become(obj, _made_from(form.cleaned_data))

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        typed = any(
            formset.has_changed()
            for formset in formsets
            if formset.model is InvoiceLine
        )
        if typed:
            invoice = form.instance
            invoice.refresh_from_db()
            recalculate_invoice(invoice)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        discard_draft(obj)


def _made_from(typed: dict[str, Any]) -> Invoice:
    given = [name for name in ("order", "customer", "purchase_order") if typed[name]]
    if len(given) != 1:
        raise FinanceError(
            "The invoice was not added.",
            why=f"{len(given)} of order, customer and purchase order are given",
            fix="choose exactly one of them",
        )
    if typed["purchase_order"]:
        return record_supplier_invoice(
            typed["purchase_order"],
            supplier_invoice_number=typed["supplier_invoice_number"],
            due_on=typed["due_on"],
            notes=typed["notes"],
        )
    details = {"due_on": typed["due_on"], "notes": typed["notes"]}
    if typed["order"]:
        return draft_invoice_for_order(typed["order"], **details)
    return draft_invoice(typed["customer"], **details)


def _subject(invoice: Invoice) -> tuple[Any, ...]:
    """Return what the invoice is about, as far as there is something."""
    keys = (invoice.order_id, invoice.purchase_order_id, invoice.credits_id)
    given = tuple(shown for shown, key in zip(SUBJECT, keys, strict=True) if key)
    return (given,) if given else ()


def _is_draft(invoice: Invoice) -> bool:
    return invoice.status == Invoice.Status.DRAFT
