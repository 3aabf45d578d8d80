"""Orders: the list people work from, and the form of one order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from inventory.models import Location
from orders.admin.order_actions import ORDER_ACTIONS
from orders.admin.order_item import OrderItemInline, typed_lines
from orders.models import Address, Order, OrderItem
from orders.services import (
    can_edit_lines,
    place_order,
    recalculate_order,
    update_order_details,
    update_order_lines,
)
from orders.services.editing import FREE_COLUMNS, SHIPPING_COLUMNS
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    NumberRangeFilter,
    Preset,
    RelatedFilter,
    link_to,
    money,
    named,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.amounts import typed_amount
from stateset.lib.admin.extensible import ExtensibleAdmin
from stateset.system.importing.admin import ImportMixin

CUSTOMER = link_to("customer")
STATUS = status_pill()
PAYMENT = status_pill("payment_status", label="payment")
SHIPPING = status_pill("fulfillment_status", label="shipping")
TOTAL = money("total_amount", label="total")
PLACED = since("order_date", label="placed")
PROMISED = since("promised_at", label="promised")

MONEY = (
    money("subtotal"),
    money("discount_total", label="discount"),
    money("tax_total", label="tax"),
    TOTAL,
    money("amount_paid", label="paid"),
    money("amount_refunded", label="refunded"),
    money("amount_authorized", label="authorised"),
)
FREIGHT = money("shipping_total", label="shipping")
TIMES = (
    since("confirmed_at", label="confirmed"),
    since("shipped_at", label="shipped"),
    since("delivered_at", label="delivered"),
    since("cancelled_at", label="cancelled"),
)
TYPED = ("location", "channel", "promised_at", "pay_by", "shipping_method", "notes")


class OrderForm(forms.ModelForm):
    """The head of an order; its lines are on the same page."""

    class Meta:
        model = Order
        fields = ("customer", "shipping_total", *TYPED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = self.instance
        if "shipping_total" in self.fields:
            shown = typed_amount(order.shipping_total, order.currency)
            self.initial["shipping_total"] = shown
        if "notes" in self.fields:
            self.fields["notes"].widget.attrs["rows"] = 3


@admin.display(description="ship to")
def ship_to(order: Order) -> str:
    return address_text(order.shipping_address)


@admin.display(description="bill to")
def bill_to(order: Order) -> str:
    return address_text(order.billing_address)


def address_text(copy: Mapping[str, str]) -> str:
    """Return the copy of an address as it stands on an envelope."""
    parts = [str(copy.get(field, "")) for field in Address.SNAPSHOT_FIELDS]
    name, company, line1, line2, city, province, postal_code, country, phone = parts
    place = " ".join(filter(None, (postal_code, city, province)))
    lines = (name, company, line1, line2, place, country, phone)
    return format_html_join("\n", "<div>{}</div>", ((line,) for line in lines if line))


def placed_today(orders: Any) -> QuerySet[Order]:
    """Return the orders dated today (UTC), cancelled ones left out."""
    midnight = datetime.combine(timezone.now().date(), time(0), tzinfo=UTC)
    found: QuerySet[Order] = orders.placed_since(midnight)
    return found


@admin.register(Order)
class OrderAdmin(ImportMixin, ExtensibleAdmin, DocumentAdmin):
    """Adding places an order; lines change while it is pending; the rest is actions."""

    form = OrderForm
    list_display = (
        "order_number",
        named("customer", "display_name"),
        PLACED,
        STATUS,
        PAYMENT,
        SHIPPING,
        TOTAL,
        PROMISED,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("payment_status", ChoicesFilter),
        ("fulfillment_status", ChoicesFilter),
        ("channel", ChoicesFilter),
        ("order_date", DateRangeFilter),
        ("total_amount", NumberRangeFilter),
        ("customer", RelatedFilter),
    )
    search_fields = (
        "order_number__startswith",
        "customer_email__exact",
        "tracking_number__exact",
    )
    search_through = (
        "customer__customer_number__exact",
        "customer__first_name",
        "customer__last_name",
        "customer__company",
    )
    search_help_text = "Order or tracking number, customer's name, number or e-mail"
    list_select_related = ("customer",)
    presets = (
        Preset("open", "Open", lambda orders: orders.open()),
        Preset("today", "Today", placed_today),
        Preset("to_ship", "To ship", lambda orders: orders.to_ship()),
        Preset("late", "Late", lambda orders: orders.late(timezone.now())),
        Preset("on_hold", "On hold", lambda orders: orders.on_hold()),
    )
    ordering = ("-order_date", "-id")
    header_columns = (STATUS, PAYMENT, SHIPPING, TOTAL, PLACED, PROMISED)
    inlines = [OrderItemInline]
    guided_actions = ORDER_ACTIONS
    deletable_statuses = (Order.Status.PENDING,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shipping = (("location", "channel"), "promised_at", "pay_by")
        if obj is None:
            return (
                (None, {"fields": ("customer", *shipping, "notes")}),
                ("Shipping", {"fields": (("shipping_method", "shipping_total"),)}),
            )
        freight = "shipping_total" if can_edit_lines(obj) else FREIGHT
        return (
            (None, {"fields": (("order_number", CUSTOMER), *shipping, "notes")}),
            ("Money", {"fields": (MONEY[:3], (freight, *MONEY[3:4]), MONEY[4:])}),
            (
                "Shipping",
                {
                    "fields": (
                        ("shipping_method", "tracking_number"),
                        (ship_to, bill_to),
                    )
                },
            ),
            ("Progress", {"fields": (TIMES[:2], TIMES[2:], "status_reason")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("order_number", CUSTOMER, *MONEY, *TIMES, ship_to, bill_to)
        closed = () if can_edit_lines(obj) else (*sorted(SHIPPING_COLUMNS), FREIGHT)
        return ("tracking_number", "status_reason", "status", *shown, *closed)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        default = Location.objects.filter(is_default=True).first()
        return {"location": default, "channel": Order.Channel.PHONE, **initial}

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Change what was typed of the header; adding waits for the lines."""
        if not change:
            return
        typed = form.cleaned_data
        columns = set(form.changed_data) & (FREE_COLUMNS | SHIPPING_COLUMNS)
        if columns:
            update_order_details(obj, **{name: typed[name] for name in columns})
        if "shipping_total" in form.changed_data:
            recalculate_order(obj, shipping_total=typed["shipping_total"])

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        if formset.model is not OrderItem:
            super().save_formset(request, form, formset, change)
            return
        # Writes nothing, but collects what the log of changes tells.
        formset.save(commit=False)
        if change:
            # Lines that are only read have nothing typed to take from.
            if formset.has_changed():
                update_order_lines(form.instance, lines=typed_lines(formset))
            return
        typed = {name: form.cleaned_data[name] for name in TYPED}
        order = place_order(
            customer=form.cleaned_data["customer"],
            lines=typed_lines(formset),
            shipping_total=form.cleaned_data["shipping_total"],
            **typed,
        )
        become(form.instance, order)
