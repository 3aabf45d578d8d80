"""Suppliers: whom goods are bought from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import PurchaseOrder, Supplier
from inventory.services.procurement import block_supplier, unblock_supplier
from stateset.lib.admin import (
    PROBLEM,
    ChoicesFilter,
    GuidedAction,
    Preset,
    ReadOnlyInline,
    ReasonForm,
    StatesetAdmin,
    leads_to,
    money,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.lines import own_page
from stateset.system.importing.admin import ImportMixin

Data = Mapping[str, Any]

STATUS = status_pill(colours={"blocked": PROBLEM})


def block(supplier: Supplier, request: HttpRequest, data: Data) -> str:
    block_supplier(supplier, reason=data["reason"])
    return f"{supplier} is blocked."


def unblock(supplier: Supplier, request: HttpRequest, data: Data) -> str:
    unblock_supplier(supplier)
    return f"{supplier} may be ordered from again."


BLOCK = GuidedAction(
    "block",
    "Block",
    block,
    explain="The supplier gets no new orders. Orders under way go on.",
    form=ReasonForm,
    refusal=leads_to(Supplier.Status.BLOCKED),
    is_dangerous=True,
)
UNBLOCK = GuidedAction(
    "unblock",
    "Unblock",
    unblock,
    explain="The supplier may be ordered from again.",
    refusal=leads_to(Supplier.Status.ACTIVE),
)


class SupplierOrdersInline(ReadOnlyInline):
    model = PurchaseOrder
    verbose_name_plural = "purchase orders"
    fields = (
        own_page("order"),
        status_pill(),
        "ordered_on",
        "expected_on",
        money("total"),
    )
    ordering = ("-id",)


@admin.register(Supplier)
class SupplierAdmin(ImportMixin, StatesetAdmin):
    """Blocking is an action; a supplier with orders is kept."""

    list_display = (
        "code",
        "name",
        STATUS,
        "contact_name",
        "email",
        "phone",
        "country_code",
        number("payment_terms_days", label="days to pay"),
    )
    list_filter = (("status", ChoicesFilter),)
    search_fields = ("code__startswith", "email__exact", "name")
    search_help_text = "Code, e-mail or name"
    presets = (
        Preset("blocked", "Blocked", lambda rows: rows.filter(status="blocked")),
    )
    ordering = ("name", "id")
    header_columns = (STATUS, since("created_at", label="supplier since"))
    readonly_fields = ("status",)
    fieldsets = (
        (None, {"fields": (("code", "name"), ("currency", "payment_terms_days"))}),
        ("Contact", {"fields": ("contact_name", ("email", "phone"))}),
        (
            "Address",
            {
                "fields": (
                    "line1",
                    ("postal_code", "city"),
                    ("province", "country_code"),
                )
            },
        ),
        ("Notes", {"fields": ("notes",)}),
    )
    inlines = (SupplierOrdersInline,)
    guided_actions = (BLOCK, UNBLOCK)
