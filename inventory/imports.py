"""What of locations, suppliers and products can be imported, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from inventory.models import (
    ItemReceipt,
    Location,
    Product,
    ProductVariant,
    StockLevel,
    Supplier,
)
from inventory.services.catalogue import (
    activate_product,
    archive_product,
    create_product,
)
from inventory.services.procurement import receive_opening_stock
from inventory.services.stock import ensure_level
from stateset.system.importing.cells import LookupCell
from stateset.system.importing.parts import Change, Part, Row, cells_of
from stateset.system.importing.problems import EMPTY
from stateset.system.importing.resource import StatesetResource
from stateset.system.services.transitions import save_columns

VARIANT_COLUMNS = {
    name: name for name in ("price", "currency", "barcode", "weight_grams")
}
LEVEL_COLUMNS = {"reorder_point": "reorder_point"}
RECEIPT_COLUMNS = {"opening_quantity": "quantity", "opening_cost": "unit_cost"}
STATUS_STEPS: Mapping[tuple[str, str], Sequence[Callable[[Product], Product]]] = {
    ("draft", "active"): (activate_product,),
    ("draft", "archived"): (activate_product, archive_product),
    ("active", "archived"): (archive_product,),
    ("archived", "active"): (activate_product,),
}


class LocationResource(StatesetResource):
    """Locations by code; opening, closing and the default are actions of the admin."""

    class Meta(StatesetResource.Meta):
        model = Location
        import_id_fields = ("code",)
        fields = (
            "code",
            "name",
            "kind",
            "line1",
            "city",
            "postal_code",
            "country_code",
        )


class SupplierResource(StatesetResource):
    """Suppliers by code; blocking one is an action of the admin."""

    class Meta(StatesetResource.Meta):
        model = Supplier
        import_id_fields = ("code",)
        fields = (
            "code",
            "name",
            "contact_name",
            "email",
            "phone",
            "line1",
            "city",
            "province",
            "postal_code",
            "country_code",
            "currency",
            "payment_terms_days",
            "notes",
        )


class ProductResource(StatesetResource):
    """Products by SKU, each with the variant of that SKU and its opening stock.

    Opening stock is booked once; later rows say the same or leave it empty.
    """

    extra_columns = {
        **cells_of(ProductVariant, VARIANT_COLUMNS),
        "location": LookupCell(Location, "code"),
        "supplier": LookupCell(Supplier, "code"),
        **cells_of(ItemReceipt, RECEIPT_COLUMNS),
        **cells_of(StockLevel, LEVEL_COLUMNS),
    }
    fixed = ("supplier", *RECEIPT_COLUMNS)
    also_writes = (ProductVariant, StockLevel, ItemReceipt)

    class Meta(StatesetResource.Meta):
        model = Product
        import_id_fields = ("sku",)
        fields = (
            "sku",
            "name",
            "description",
            "category",
            "brand",
            "status",
            "tax_rate",
            "is_returnable",
            "return_window_days",
            "warranty_months",
        )

    def fill(self, instance: Product, row: Row) -> None:
        given = self.read_extra(row)
        self.parts = [
            Part(
                _variant_of(instance),
                VARIANT_COLUMNS,
                links=("product", "sku", "name"),
            ),
            *self._stock_parts(instance, given),
        ]

    def create(self, instance: Product, row: Row) -> None:
        values = {name: getattr(instance, name) for name in self.fields}
        status = values.pop("status")
        variant = self.parts[0].instance
        product = create_product(
            **values,
            variant={name: getattr(variant, name) for name in VARIANT_COLUMNS},
        )
        _move_to(product, status)
        self._put_stock(product.variants.get())

    def update(self, instance: Product, row: Row) -> None:
        stored = Product.objects.get(pk=instance.pk)
        variant = self.parts[0].instance
        changed = {change.column: change for change in self.changes}
        columns = [name for name in self.fields if name in changed and name != "status"]
        if columns:
            save_columns(stored, **{name: getattr(instance, name) for name in columns})
        priced = [name for name in VARIANT_COLUMNS if name in changed]
        if "name" in changed and variant.name == changed["name"].before:
            variant.name = instance.name
            priced.append("name")
        if priced:
            save_columns(variant, **{name: getattr(variant, name) for name in priced})
        _move_to(stored, instance.status)
        self._put_stock(variant)

    def _stock_parts(self, product: Product, given: dict[str, Any]) -> Iterator[Part]:
        """Yield what the line says about stock: a level, and how much lay there."""
        quantity, reorder_point = (
            given.get("opening_quantity"),
            given.get("reorder_point"),
        )
        location, supplier = given.get("location"), given.get("supplier")
        if location is None and (quantity or reorder_point):
            raise ValidationError({"location": EMPTY})
        held = StockLevel.objects.filter(variant__sku=product.sku, location=location)
        level = held.first() or StockLevel(location=location)
        if reorder_point or not level._state.adding:
            yield Part(level, LEVEL_COLUMNS, links=("variant", "location"))
        booked = ItemReceipt.objects.filter(
            variant__sku=product.sku, location=location, purchase_order=None
        )
        receipt = booked.select_related("supplier").order_by("id").first()
        if quantity or (receipt and quantity is not None):
            yield self._opening(receipt, location, supplier)

    def _opening(
        self,
        receipt: ItemReceipt | None,
        location: Location | None,
        supplier: Supplier | None,
    ) -> Part:
        if receipt and supplier and receipt.supplier_id != supplier.pk:
            was = receipt.supplier.code if receipt.supplier else ""
            self.changes.append(Change("supplier", was, supplier.code))
        return Part(
            receipt
            or ItemReceipt(location=location, supplier=supplier, unit_cost=Decimal(0)),
            RECEIPT_COLUMNS,
            links=("receipt_number", "variant", "location", "supplier"),
        )

    def _put_stock(self, variant: ProductVariant) -> None:
        for part in self.parts[1:]:
            row = part.instance
            if isinstance(row, StockLevel):
                level = ensure_level(variant=variant, location=row.location)
                save_columns(level, reorder_point=row.reorder_point)
            elif part.is_new:
                receive_opening_stock(
                    variant=variant,
                    location=row.location,
                    quantity=row.quantity,
                    unit_cost=row.unit_cost,
                    supplier=row.supplier,
                    notes="Opening stock.",
                )


RESOURCES = (LocationResource, SupplierResource, ProductResource)


def _variant_of(product: Product) -> ProductVariant:
    if product._state.adding:
        return ProductVariant(sku=product.sku, name=product.name)
    variant = product.variants.filter(sku=product.sku).first()
    if variant is None:
        raise ValidationError(
            {"sku": f"{product.sku!r} has no variant of that SKU; add it first"}
        )
    return variant


def _move_to(product: Product, status: str) -> None:
    if status != product.status and (product.status, status) not in STATUS_STEPS:
        raise ValidationError(
            {"status": f"{product.status!r} can't become {status!r}; leave it empty"}
        )
    for step in STATUS_STEPS.get((product.status, status), ()):
        step(product)
