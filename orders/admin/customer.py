"""Customers and their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from orders.admin.erased import ErasedFilter, ErasedMixin
from orders.admin.erasing import ERASE
from orders.models import Address, Customer, Order
from orders.services import (
    archive_address,
    change_customer_status,
    create_customer,
    save_address,
    update_customer,
)
from orders.services.customers import DEFAULT_FLAGS
from stateset.lib.admin import (
    BooleanFilter,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReadOnlyInline,
    ReasonForm,
    StatesetAdmin,
    StatesetStackedInline,
    leads_to,
    money,
    named,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.extensible import ExtensibleAdmin
from stateset.system.importing.admin import ImportMixin

ADDRESS_FIELDS = (
    ("name", "company"),
    ("line1", "line2"),
    ("postal_code", "city", "province", "country_code"),
    "phone",
    DEFAULT_FLAGS,
)


class AddressInline(StatesetStackedInline):
    model = Address
    fields = ADDRESS_FIELDS
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(archived_at=None)


class OrdersOfCustomerInline(ReadOnlyInline):
    model = Order
    fields: ClassVar[Any] = (
        "order_number",
        since("order_date", label="placed"),
        status_pill(),
        status_pill("payment_status", label="payment"),
        money("total_amount", label="total"),
    )
    ordering = ("-order_date", "-id")
    show_change_link = True


def move_to(
    name: str, label: str, status: str, *, explain: str, is_dangerous: bool = False
) -> GuidedAction:
    """Return the action that gives a customer another status."""

    def perform(
        customer: Customer, request: HttpRequest, data: Mapping[str, Any]
    ) -> str:
        change_customer_status(customer, to=status, reason=data["reason"])
        return f"{customer} is {status}."

    return GuidedAction(
        name,
        label,
        perform,
        explain=explain,
        form=ReasonForm,
        refusal=leads_to(status),
        facts=lambda customer: [("E-mail", customer.email or "none")],
        is_dangerous=is_dangerous,
        in_bulk=True,
    )


@admin.register(Customer)
class CustomerAdmin(ImportMixin, ErasedMixin, ExtensibleAdmin, DocumentAdmin):
    list_display = (
        "customer_number",
        "display_name",
        "email",
        "phone",
        status_pill(),
        since("created_at", label="customer since"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("accepts_marketing", BooleanFilter),
        ErasedFilter,
        ("created_at", DateRangeFilter),
    )
    search_fields = (
        "customer_number__startswith",
        "email__startswith",
        "first_name",
        "last_name",
        "company",
    )
    search_through = ("orders__order_number__exact",)
    search_help_text = "Number, name, company, e-mail, or an order number"
    presets = (
        Preset("active", "Active", lambda rows: rows.filter(status="active")),
        Preset("suspended", "Suspended", lambda rows: rows.filter(status="suspended")),
    )
    ordering = ("-created_at", "-id")
    header_columns = (status_pill(), since("created_at", label="customer since"))
    fieldsets = (
        (None, {"fields": (("customer_number", "email"), ("phone", "company"))}),
        ("Name", {"fields": (("first_name", "last_name"),)}),
        ("More", {"fields": ("accepts_marketing", "notes")}),
    )
    readonly_fields = ("customer_number",)
    inlines = [AddressInline, OrdersOfCustomerInline]
    guided_actions = (
        move_to(
            "suspend",
            "Suspend",
            Customer.Status.SUSPENDED,
            explain="The customer can't order until reactivated. Open orders go on.",
            is_dangerous=True,
        ),
        move_to(
            "deactivate",
            "Deactivate",
            Customer.Status.INACTIVE,
            explain="For customers who left. They can't order until reactivated.",
        ),
        move_to(
            "reactivate",
            "Reactivate",
            Customer.Status.ACTIVE,
            explain="The customer may order again.",
        ),
        ERASE,
    )

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        typed = form.cleaned_data
        if change:
            if form.changed_data:
                update_customer(
                    obj, **{name: typed[name] for name in form.changed_data}
                )
            return
        become(obj, create_customer(**typed))

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        if formset.model is not Address:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        for address in formset.deleted_objects:
            address.delete()
        # A default ticked just now wins over one that was ticked before.
        changed = [each for each in formset.forms if each.has_changed()]
        for each in sorted(changed, key=_newly_default):
            if each not in formset.deleted_forms:
                save_address(each.instance)


def _newly_default(form: Any) -> bool:
    return any(
        flag in form.changed_data and form.cleaned_data[flag] for flag in DEFAULT_FLAGS
    )


def archive(address: Address, request: HttpRequest, data: Mapping[str, Any]) -> str:
    archive_address(address)
    return f"{address} is archived; orders keep their copy of it."


@admin.register(Address)
class AddressAdmin(StatesetAdmin):
    version_of = "customer"
    list_display = (
        "line1",
        "postal_code",
        "city",
        "country_code",
        named("customer", "display_name"),
        yes_no("is_default_shipping", label="ships here"),
        yes_no("is_default_billing", label="billed here"),
    )
    list_filter = (
        ("is_default_shipping", BooleanFilter),
        ("is_default_billing", BooleanFilter),
    )
    search_fields = ("line1", "city", "postal_code__startswith")
    search_through = (
        "customer__customer_number__exact",
        "customer__email__exact",
        "customer__last_name",
        "customer__company",
    )
    search_help_text = "Street, city, post code; customer's number, name or e-mail"
    list_select_related = ("customer",)
    presets = (
        Preset("current", "Current", lambda rows: rows.current()),
        Preset("archived", "Archived", lambda rows: rows.exclude(archived_at=None)),
    )
    ordering = ("-id",)
    fields = ("customer", *ADDRESS_FIELDS)
    guided_actions = (
        GuidedAction(
            "archive",
            "Archive",
            archive,
            explain="Takes the address out of use. Orders keep their copy of it.",
            refusal=lambda row: "it is archived" if row.archived_at else "",
            in_bulk=True,
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("customer",) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.archived_at is not None:
            return False
        return super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        save_address(obj)
