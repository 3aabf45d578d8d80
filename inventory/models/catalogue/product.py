"""Products: what is described and sold; variants: what is stocked and priced."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from stateset.lib.constraints import (
    check,
    currency_code,
    fraction,
    not_negative,
    one_of,
    positive,
)
from stateset.lib.fields import CurrencyField, MoneyField, RateField, StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class ProductStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class Product(Document):
    """One style, as marketing sees it; its variants carry SKU, price and stock."""

    Status = ProductStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"active"},
        "active": {"archived"},
        "archived": {"active"},
    }

    sku = models.CharField("style number", max_length=100, unique=True)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=100, blank=True, db_index=True)
    brand = models.CharField(max_length=255, blank=True)
    status = StatusField(choices=Status, default=Status.DRAFT)
    tax_rate = RateField(help_text="As a fraction: 0.08 is 8 %.")
    is_returnable = models.BooleanField(default=True)
    return_window_days = models.PositiveSmallIntegerField(default=30)
    warranty_months = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "products"
        db_table_comment = "Styles; the sellable SKUs are product_variants"
        indexes = [
            models.Index(
                fields=["name"],
                condition=Q(status="active"),
                # Read by the product picker of order lines.
                name="idx_products_active",
            ),
            models.Index(
                fields=["status", "-created_at"], name="idx_products_status_created"
            ),
        ]
        constraints = [
            one_of("status", ProductStatus, name="product_status_known"),
            fraction("tax_rate", name="product_tax_rate_fraction"),
            check(~Q(sku=""), name="product_sku_given", message="SKU is missing."),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class VariantQuerySet(models.QuerySet["ProductVariant"]):
    def sellable(self) -> VariantQuerySet:
        """Return the variants that may be put on a new order line."""
        return self.filter(is_active=True, product__status=Product.Status.ACTIVE)


class ProductVariantItemType(models.TextChoices):
    FINISHED = "finished", "Finished goods"
    COMPONENT = "component", "Component"
    RAW = "raw", "Raw material"
    SERVICE = "service", "Service"


class ProductVariant(Document):
    """One SKU: what is counted, priced, bought and sold, in whole stock units."""

    ItemType = ProductVariantItemType

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="variants"
    )
    sku = models.CharField("SKU", max_length=100, unique=True)
    barcode = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    item_type = models.CharField(
        max_length=12, choices=ItemType, default=ItemType.FINISHED
    )
    price = MoneyField()
    currency = CurrencyField()
    uom = models.CharField("unit of measure", max_length=8, default="EA")
    uom_decimals = models.PositiveSmallIntegerField(
        "decimals of the unit",
        default=0,
        help_text="Stock is counted in whole units of 10⁻ⁿ: 3 shows grams as kg.",
    )
    weight_grams = models.PositiveIntegerField(null=True, blank=True)
    is_stocked = models.BooleanField(
        default=True, help_text="Clear for services and downloads."
    )
    is_active = models.BooleanField(default=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        db_table = "product_variants"
        db_table_comment = "SKUs: what is stocked, priced, bought and sold"
        verbose_name = "variant"
        constraints = [
            models.UniqueConstraint(
                fields=["barcode"],
                condition=~Q(barcode=""),
                name="variant_barcode_unique",
                violation_error_message="Another variant has this barcode.",
            ),
            one_of("item_type", ProductVariantItemType, name="variant_item_type_known"),
            not_negative("price", name="variant_price_not_negative"),
            currency_code(name="variant_currency_code"),
            positive("weight_grams", name="variant_weight_positive"),
            check(
                Q(uom_decimals__lte=6),
                name="variant_uom_decimals_limit",
                message="A unit has at most six decimals.",
            ),
            check(~Q(sku=""), name="variant_sku_given", message="SKU is missing."),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def clean(self) -> None:
        """Refuse to change how stock is counted once there is some."""
        super().clean()
        if self._state.adding or not self.stock_levels.exists():
            return
        counted_by = ("is_stocked", "uom_decimals")
        saved = type(self).objects.filter(pk=self.pk).values(*counted_by).get()
        changed = [name for name in counted_by if saved[name] != getattr(self, name)]
        if changed:
            message = "This can't change any more: there are stock levels of it."
            raise ValidationError(dict.fromkeys(changed, message))
