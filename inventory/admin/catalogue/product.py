"""Products and their variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.admin.stock.units import units
from inventory.models import Product, ProductVariant, StockLevel
from inventory.services.catalogue import (
    activate_product,
    activate_variant,
    archive_product,
    deactivate_variant,
)
from stateset.lib.admin import (
    BooleanFilter,
    ChoicesFilter,
    DocumentAdmin,
    GuidedAction,
    NumberRangeFilter,
    Preset,
    ReadOnlyInline,
    RelatedFilter,
    StatesetAdmin,
    StatesetTabularInline,
    leads_to,
    link_to,
    money,
    named,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.admin.extensible import ExtensibleAdmin
from stateset.system.importing.admin import ImportMixin
from stateset.system.services import record_event

Data = Mapping[str, Any]

STATUS = status_pill()
PRICE = money("price")
PRODUCT = named("product", "name")
ON_SALE = yes_no("is_active", label="active")


def _activate(row: Product, request: HttpRequest, data: Data) -> str:
    activate_product(row)
    return f"{row} is on sale."


def _archive(row: Product, request: HttpRequest, data: Data) -> str:
    archive_product(row)
    return f"{row} is off sale."


def _activate_variant(row: ProductVariant, request: HttpRequest, data: Data) -> str:
    activate_variant(row)
    return f"{row} may be ordered."


def _deactivate_variant(row: ProductVariant, request: HttpRequest, data: Data) -> str:
    deactivate_variant(row)
    return f"{row} can't be ordered any more."


class VariantInline(StatesetTabularInline):
    model = ProductVariant
    fields = ("sku", "name", "price", "currency", "uom", "is_stocked")
    ordering = ("sku",)
    show_change_link = True

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj is None else 0

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StockInline(ReadOnlyInline):
    model = StockLevel
    verbose_name_plural = "stock"
    fields = (
        link_to("location"),
        units("on_hand"),
        units("reserved"),
        units("allocated"),
        units("available"),
    )
    ordering = ("-id",)


@admin.register(Product)
class ProductAdmin(ImportMixin, DocumentAdmin):
    """Styles; whether one is on sale is an action, its variants carry price and SKU."""

    list_display = (
        "sku",
        "name",
        "category",
        "brand",
        STATUS,
        yes_no("is_returnable", label="returnable"),
        since("created_at", label="added"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("is_returnable", BooleanFilter),
        ("warranty_months", NumberRangeFilter),
    )
    search_fields = ("sku__startswith", "name", "category__startswith")
    search_through = ("variants__sku__startswith",)
    search_help_text = "Style number, SKU, name or category"
    presets = (
        Preset("active", "On sale", lambda rows: rows.filter(status="active")),
        Preset("draft", "Drafts", lambda rows: rows.filter(status="draft")),
        Preset("archived", "Archived", lambda rows: rows.filter(status="archived")),
    )
    ordering = ("-created_at", "-id")
    header_columns = (STATUS, since("created_at", label="added"))
    deletable_statuses = (Product.Status.DRAFT,)
    fieldsets = (
        (None, {"fields": (("sku", "name"), ("category", "brand"))}),
        ("Description", {"fields": ("description",)}),
        ("Tax", {"fields": ("tax_rate",)}),
        (
            "After the sale",
            {"fields": ("is_returnable", ("return_window_days", "warranty_months"))},
        ),
    )
    inlines = (VariantInline,)
    guided_actions = (
        GuidedAction(
            "activate",
            "Put on sale",
            _activate,
            explain="Its active variants can be ordered from then on.",
            refusal=leads_to("active"),
            in_bulk=True,
        ),
        GuidedAction(
            "archive",
            "Take off sale",
            _archive,
            explain="What was ordered goes on; nothing new can be ordered.",
            refusal=leads_to("archived"),
            in_bulk=True,
        ),
    )

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            record_event(obj, "product.created", {"sku": obj.sku})

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        super().save_formset(request, form, formset, change)
        for variant in formset.new_objects:
            record_event(variant, "variant.created", {"sku": variant.sku})


@admin.register(ProductVariant)
class ProductVariantAdmin(ExtensibleAdmin, StatesetAdmin):
    """SKUs, with their stock beside them."""

    list_display = (
        "sku",
        "name",
        PRODUCT,
        "item_type",
        PRICE,
        "uom",
        ON_SALE,
    )
    list_filter = (
        ("item_type", ChoicesFilter),
        ("is_active", BooleanFilter),
        ("price", NumberRangeFilter),
        ("product", RelatedFilter),
    )
    search_fields = ("sku__startswith", "barcode__exact", "name")
    search_help_text = "SKU, barcode or name"
    list_select_related = ("product",)
    ordering = ("sku",)
    told_on = ("product",)
    header_columns = (ON_SALE, PRICE)
    fieldsets = (
        (None, {"fields": ("product", ("sku", "name"), ("barcode", "item_type"))}),
        ("Price", {"fields": (("price", "currency"),)}),
        ("Unit", {"fields": (("uom", "uom_decimals"), "weight_grams", "is_stocked")}),
    )
    inlines = (StockInline,)
    guided_actions = (
        GuidedAction(
            "activate",
            "Activate",
            _activate_variant,
            explain="It may be ordered again, as far as its product is on sale.",
            refusal=lambda row: "it is active" if row.is_active else "",
        ),
        GuidedAction(
            "deactivate",
            "Deactivate",
            _deactivate_variant,
            explain="It can't be ordered any more; its stock stays.",
            refusal=lambda row: "" if row.is_active else "it is not active",
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or obj.product.status != Product.Status.DRAFT:
            return False
        return super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Moved to another product, it could leave one on sale with nothing to sell.
        return () if obj is None else ("product",)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            record_event(obj, "variant.created", {"sku": obj.sku})
