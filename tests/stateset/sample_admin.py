"""A small site over real tables, on which the base classes are tried.

The pages of the product are walked in ``test_admin_pages``; here stand those whose
details a test must know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Count
from django.http import HttpRequest
from django.urls import path

from orders.models import Address, Cart, CartItem, Customer, Order
from stateset.accounts.models import User
from stateset.lib.admin import (
    ActionForm,
    BooleanFilter,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    NumberRangeFilter,
    Preset,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RelatedFilter,
    StatesetAdmin,
    StatesetStackedInline,
    leads_to,
    link_to,
    money,
    number,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.errors import StatesetError
from stateset.site import StatesetSite
from stateset.system.models import AuditEntry
from stateset.system.services import change_status

site = StatesetSite(name="admin")


class SampleRefusalError(StatesetError):
    """A customer was not suspended."""


class SuspendForm(ActionForm):
    reason = forms.CharField(max_length=40)


def suspend(row: Customer, request: HttpRequest, data: Mapping[str, Any]) -> str:
    """Suspend a customer, but never for the reason "none"."""
    if data["reason"] == "none":
        raise SampleRefusalError(
            "The customer was not suspended.",
            why="the reason is “none”",
            fix="write why",
        )
    row.notes = data["reason"]
    row.save(update_fields=["notes"])
    change_status(row, "suspended", event_type="customer.suspended")
    return f"{row} is suspended."


SUSPEND = GuidedAction(
    "suspend",
    "Suspend",
    suspend,
    explain="The customer can't place orders any more.",
    form=SuspendForm,
    refusal=leads_to("suspended"),
    facts=lambda row: [("E-mail", row.email or "-")],
    is_dangerous=True,
    in_bulk=True,
)


class AddressInline(StatesetStackedInline):
    model = Address
    fields = (("name", "company"), "line1", ("postal_code", "city", "country_code"))


class OrderInline(ReadOnlyInline):
    model = Order
    fields = ("order_number", "status", "order_date")
    ordering = ("-order_date", "-id")
    page_size = 3


class CustomerAdmin(StatesetAdmin):
    list_display = (
        "customer_number",
        "display_name",
        "email",
        status_pill(),
        yes_no("accepts_marketing", label="newsletter"),
        since("created_at", label="customer since"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("accepts_marketing", BooleanFilter),
        ("created_at", DateRangeFilter),
    )
    search_fields = (
        "customer_number__startswith",
        "email__exact",
        "last_name",
        "company",
    )
    search_through = ("orders__order_number__exact",)
    presets = (
        Preset("suspended", "Suspended", lambda rows: rows.filter(status="suspended")),
        Preset("active", "Active", lambda rows: rows.filter(status="active")),
    )
    ordering = ("-created_at", "-id")
    header_columns = (status_pill(), since("created_at", label="customer since"))
    readonly_fields = ("customer_number", "status")
    fieldsets = (
        (None, {"fields": ("customer_number", "status", "email", "phone")}),
        ("Name", {"fields": (("first_name", "last_name"), "company")}),
        ("More", {"fields": ("accepts_marketing", "notes")}),
    )
    inlines = (AddressInline, OrderInline)
    guided_actions = (SUSPEND,)


class OrderAdmin(DocumentAdmin):
    list_display = (
        "order_number",
        link_to("customer"),
        status_pill(),
        status_pill("payment_status", label="payment"),
        money("total_amount", label="total"),
        number("line_count", label="lines"),
        since("order_date", label="placed"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("total_amount", NumberRangeFilter),
        ("order_date", DateRangeFilter),
        ("customer", RelatedFilter),
    )
    search_fields = ("order_number__startswith",)
    search_through = ("customer__last_name", "customer__company")
    list_select_related = ("customer",)
    ordering = ("-order_date", "-id")
    deletable_statuses = ("pending",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(line_count=Count("items"))


class CartAdmin(StatesetAdmin):
    list_display = ("id", "customer", "status", "expires_at")
    search_fields = ("session_key__exact",)


class CartItemAdmin(StatesetAdmin):
    list_display = ("id", "cart", "variant", "quantity")


class AuditAdmin(ReadOnlyAdmin):
    list_display = ("id", "action", "resource_type", "actor_label", since("created_at"))
    search_fields = ("resource_id__exact",)


class UserSampleAdmin(StatesetAdmin):
    list_display = ("email", "name", "is_active", "is_staff")
    search_fields = ("email__exact", "name")
    fields = ("email", "name", "is_active", "is_staff", "groups")


class GroupSampleAdmin(StatesetAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    is_small = True


for model, model_admin in (
    (Customer, CustomerAdmin),
    (Order, OrderAdmin),
    (Cart, CartAdmin),
    (CartItem, CartItemAdmin),
    (AuditEntry, AuditAdmin),
    (User, UserSampleAdmin),
    (Group, GroupSampleAdmin),
):
    site.register(model, model_admin)

urlpatterns = [path("admin/", site.urls)]
