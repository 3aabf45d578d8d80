"""Products and variants: made, put on sale, taken off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inventory.errors import CatalogueError
from inventory.models import Product, ProductVariant
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.transitions import save_columns


def create_product(
    *,
    sku: str,
    name: str,
    variant: Mapping[str, Any],
    at: datetime | None = None,
    **fields: Any,
) -> Product:
    """Make a draft product with its first variant.

    The variant takes SKU and name of the product where it has none of its own.
    Raises CatalogueError for a SKU that is taken.
    """
    with business_transaction():
        _require_free("style number", Product, sku=sku)
        product = Product.objects.create(sku=sku, name=name, **fields)
        record_event(product, "product.created", {"sku": sku}, at=at)
        add_variant(product, at=at, **{"sku": sku, "name": name, **variant})
    return product


def add_variant(
    product: Product, *, sku: str, at: datetime | None = None, **fields: Any
) -> ProductVariant:
    """Add a variant to a product; raises CatalogueError for a SKU that is taken."""
    with business_transaction():
        _require_free("SKU", ProductVariant, sku=sku)
        variant = ProductVariant.objects.create(
            product=product, sku=sku, **{"name": product.name, **fields}
        )
        record_event(variant, "variant.created", {"sku": sku}, at=at)
    return variant


def activate_product(product: Product, *, at: datetime | None = None) -> Product:
    """Put a product on sale; raises CatalogueError without an active variant."""
    with business_transaction():
        if not _lock(product).variants.filter(is_active=True).exists():
            raise CatalogueError(
                f"Product {product.sku} was not put on sale.",
                why="it has no active variant",
                fix="add a variant, or activate one",
            )
        return change_status(product, "active", event_type="product.activated", at=at)


def archive_product(product: Product, *, at: datetime | None = None) -> Product:
    """Take a product off sale; what was ordered of it goes on."""
    return change_status(product, "archived", event_type="product.archived", at=at)


def activate_variant(
    variant: ProductVariant, *, at: datetime | None = None
) -> ProductVariant:
    """Let a variant be ordered again, as far as its product is on sale."""
    with business_transaction():
        save_columns(variant, is_active=True)
        record_event(variant, "variant.activated", at=at)
    return variant


def deactivate_variant(
    variant: ProductVariant, *, at: datetime | None = None
) -> ProductVariant:
    """Take one variant off sale; its stock stays and can still be counted and moved.

    Raises CatalogueError for the last one of a product on sale.
    """
    with business_transaction():
        product = _lock(variant.product)
        others = product.variants.filter(is_active=True).exclude(pk=variant.pk)
        if product.status == Product.Status.ACTIVE and not others.exists():
            raise CatalogueError(
                f"Variant {variant.sku} was not deactivated.",
                why=f"it is the last active one of {product.sku}, which is on sale",
                fix="archive the product instead",
            )
        save_columns(variant, is_active=False)
        record_event(variant, "variant.deactivated", at=at)
    return variant


def _lock(product: Product) -> Product:
    """Lock a product, so that it is not put on sale as its last variant goes."""
    return Product.objects.select_for_update(no_key=True).get(pk=product.pk)


def _require_free(
    label: str, model: type[Product] | type[ProductVariant], *, sku: str
) -> None:
    if model._default_manager.filter(sku=sku).exists():
        raise CatalogueError(
            f"{sku} was not added to the catalogue.",
            why=f"the {label} is taken",
            fix="choose another, or edit the one that has it",
        )
