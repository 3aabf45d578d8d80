"""Carts: what customers are about to order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from orders.admin.moments import MomentInput
from orders.models import Cart, CartItem
from orders.services import (
    checkout_cart,
    expire_cart,
    get_or_open_cart,
    refresh_cart_prices,
    set_cart_item,
)
from stateset.lib.admin import (
    ActionForm,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    NumberRangeFilter,
    Preset,
    ReadOnlyAdmin,
    StatesetTabularInline,
    leads_to,
    link,
    link_to,
    money,
    money_text,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.entry import AmountField

Data = Mapping[str, Any]

CUSTOMER = link_to("customer")
SUBTOTAL = money("subtotal")
UNIT_PRICE = money("unit_price", currency="cart__currency", label="price")
LINE_TOTAL = money("line_total", currency="cart__currency", label="total")


class CheckoutForm(ActionForm):
    shipping_total = AmountField(label="Shipping")
    shipping_method = forms.CharField(max_length=100, required=False)
    pay_by = forms.DateTimeField(
        label="Pay by (UTC)",
        required=False,
        widget=MomentInput(),
        help_text="Unpaid by then, the order is cancelled and its stock given back.",
    )
    notes = forms.CharField(widget=forms.Textarea, required=False)


def refuse_ordering(cart: Cart) -> str:
    """Return why a cart can't be ordered from here."""
    if cart.customer_id is None:
        return "it belongs to a session, not to a customer"
    return leads_to(Cart.Status.CONVERTED)(cart)


def order_cart(cart: Cart, request: HttpRequest, data: Data) -> str:
    """Order the cart, unless prices changed: then show them instead."""
    if refresh_cart_prices(cart):
        return f"{cart} was not ordered yet: prices changed. Look at them, then order."
    order = checkout_cart(cart, **data)
    return format_html("{} was ordered as {}.", cart, link(order))


def refresh_prices(cart: Cart, request: HttpRequest, data: Data) -> str:
    changes = refresh_cart_prices(cart)
    return f"Prices changed in {len(changes)} lines of {cart}."


def expire(cart: Cart, request: HttpRequest, data: Data) -> str:
    expire_cart(cart)
    return f"{cart} is closed."


class CartItemInline(StatesetTabularInline):
    model = CartItem
    verbose_name = "line"
    hide_title = True
    fields: ClassVar[Any] = ("variant", "quantity", UNIT_PRICE, LINE_TOTAL)
    readonly_fields: ClassVar[Any] = (UNIT_PRICE, LINE_TOTAL)
    ordering = ("created_at", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("cart", "variant")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 3 if obj is None else 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_delete_permission(request, obj)


def _is_open(cart: Any) -> bool:
    return cart is None or cart.status == Cart.Status.ACTIVE


@admin.register(Cart)
class CartAdmin(DocumentAdmin):
    """Mostly read; on the telephone, staff fill and order a cart for a customer."""

    list_display = (
        "__str__",
        named("customer", "display_name"),
        status_pill(),
        number("line_count", label="lines"),
        SUBTOTAL,
        since("updated_at", label="changed"),
        since("expires_at", label="expires"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("subtotal", NumberRangeFilter),
        ("expires_at", DateRangeFilter),
    )
    search_fields = ("session_key__exact",)
    search_through = (
        "customer__customer_number__exact",
        "customer__email__exact",
        "customer__last_name",
        "customer__company",
        "converted_order__order_number__exact",
    )
    search_help_text = "Customer's number, name or e-mail; number of the order"
    list_select_related = ("customer",)
    presets = (
        Preset("open", "Open", lambda rows: rows.filter(status="active")),
        Preset("overdue", "Past their time", lambda rows: rows.expired(timezone.now())),
    )
    ordering = ("-updated_at",)
    header_columns = (
        status_pill(),
        SUBTOTAL,
        since("expires_at", label="expires"),
        link_to("converted_order", label="ordered as"),
    )
    inlines = [CartItemInline]
    guided_actions = (
        GuidedAction(
            "order",
            "Order",
            order_cart,
            explain="Places the order, reserves its stock and closes the cart.",
            form=CheckoutForm,
            refusal=refuse_ordering,
            facts=lambda cart: [("Goods", money_text(cart.subtotal, cart.currency))],
        ),
        GuidedAction(
            "refresh",
            "Refresh prices",
            refresh_prices,
            explain="Brings every line to the price of the catalogue.",
            refusal=leads_to(Cart.Status.CONVERTED),
            in_bulk=True,
        ),
        GuidedAction(
            "expire",
            "Close",
            expire,
            explain="Nobody can order a closed cart; its customer gets a new one.",
            refusal=leads_to(Cart.Status.EXPIRED),
            is_dangerous=True,
            in_bulk=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(line_count=Count("items"))
        return counted

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("customer", "currency")}),)
        owner = CUSTOMER if obj.customer_id else "session_key"
        return ((None, {"fields": (owner, "currency")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        return (CUSTOMER, "session_key", "currency", "status")

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        **kwargs: Any,
    ) -> type[Any]:
        form = super().get_form(request, obj, change, **kwargs)
        if "customer" in form.base_fields:
            # Carts of a session come from the shop, never from here.
            form.base_fields["customer"].required = True
        return form

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if not change:
            become(obj, get_or_open_cart(**form.cleaned_data))

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        """Set what was typed through the service, which prices it."""
        formset.save(commit=False)
        for each in formset.forms:
            if not each.has_changed():
                continue
            typed, is_gone = each.cleaned_data, each in formset.deleted_forms
            if is_gone or "variant" in each.changed_data:
                _take_out(form.instance, each)
            if not is_gone:
                set_cart_item(
                    form.instance, variant=typed["variant"], quantity=typed["quantity"]
                )


def _take_out(cart: Cart, form: Any) -> None:
    """Remove the line as it was before the form, if it was there."""
    before = cart.items.filter(pk=form.instance.pk).select_related("variant").first()
    if before is not None:
        set_cart_item(cart, variant=before.variant, quantity=0)


@admin.register(CartItem)
class CartItemAdmin(ReadOnlyAdmin):
    """Lines across all carts; each is edited in its cart."""

    list_display = (
        "variant",
        link_to("cart"),
        named("cart__customer", "display_name", label="customer"),
        number("quantity"),
        UNIT_PRICE,
        LINE_TOTAL,
        since("updated_at", label="changed"),
    )
    list_filter = (("cart__status", ChoicesFilter),)
    search_through = ("variant__sku__startswith",)
    search_help_text = "SKU"
    list_select_related = ("cart__customer", "variant")
    ordering = ("-id",)
