"""What of customers and orders can be imported, column by column."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from import_export.fields import Field

from inventory.models import Location, ProductVariant
from orders.models import Address, Customer, Order, OrderItem
from orders.services.addressing import choose_location
from orders.services.customers import create_customer, save_address, update_customer
from orders.services.editing import recalculate_order, update_order_details
from orders.services.history import discount_of_rate, put_past_line, write_past_order
from orders.services.pricing import OrderLine
from stateset.system.importing.cells import (
    DecimalCell,
    FlagCell,
    IntegerCell,
    LookupCell,
    MomentCell,
    read_decimal,
)
from stateset.system.importing.resource import Row, StatesetResource

ADDRESS_COLUMNS = ("line1", "line2", "city", "province", "postal_code", "country_code")
SHIP_COLUMNS = tuple(f"ship_{name}" for name in ("name", *ADDRESS_COLUMNS))


class CustomerResource(StatesetResource):
    """Customers by number, with the one address they ship to and are billed at."""

    accepts_marketing = Field("accepts_marketing", "accepts_marketing", FlagCell())

    extra_columns = ADDRESS_COLUMNS
    plain_columns = ("email", "first_name", "last_name", "company", "phone", "notes")

    class Meta(StatesetResource.Meta):
        model = Customer
        import_id_fields = ("customer_number",)
        fields = (
            "customer_number",
            "email",
            "first_name",
            "last_name",
            "company",
            "phone",
            "accepts_marketing",
            "notes",
        )

    def before_import_row(self, row: Row, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        _require_country(row, "country_code", needed=bool(row.get("line1")))

    def import_instance(self, instance: Customer, row: Row, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        instance.email = (instance.email or "").lower() or None

    def create(self, instance: Customer, row: Row) -> None:
        columns = (*self.plain_columns, "accepts_marketing")
        customer = create_customer(
            number=instance.customer_number,
            **{name: getattr(instance, name) for name in columns},
        )
        instance.pk = customer.pk
        self._save_address(customer, row)

    def update(self, instance: Customer, row: Row) -> None:
        columns = (*self.plain_columns, "accepts_marketing")
        given = [name for name in columns if name in row]
        update_customer(instance, **{name: getattr(instance, name) for name in given})
        self._save_address(instance, row)

    def is_unchanged(self, instance: Customer, row: Row) -> bool:
        address = self._address(instance)
        return not row.get("line1") or _address_values(row) == {
            name: getattr(address, name, None) for name in ADDRESS_COLUMNS
        }

    def _save_address(self, customer: Customer, row: Row) -> None:
        if not row.get("line1"):
            return
        address = self._address(customer) or Address(
            customer=customer, is_default_shipping=True, is_default_billing=True
        )
        for name, value in _address_values(row).items():
            setattr(address, name, value)
        address.company = customer.company
        address.full_clean(exclude=["customer"])
        save_address(address)

    def _address(self, customer: Customer) -> Address | None:
        return customer.addresses.current().filter(is_default_shipping=True).first()


class OrderResource(StatesetResource):
    """The heads of past orders by number; their lines are a file of their own."""

    customer = Field("customer", "customer", LookupCell(Customer, "customer_number"))
    location = Field("location", "location", LookupCell(Location, "code"))
    order_date = Field("order_date", "order_date", MomentCell())
    promised_at = Field("promised_at", "promised_at", MomentCell())
    shipping_total = Field("shipping_total", "shipping_total", DecimalCell())

    extra_columns = SHIP_COLUMNS

    class Meta(StatesetResource.Meta):
        model = Order
        import_id_fields = ("order_number",)
        fields = (
            "order_number",
            "customer",
            "location",
            "order_date",
            "promised_at",
            "currency",
            "shipping_total",
            "shipping_method",
            "notes",
        )

    def before_import_row(self, row: Row, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        _require_country(row, "ship_country_code", needed=False)

    def import_instance(self, instance: Order, row: Row, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        if instance._state.adding and not row.get("location"):
            instance.location = choose_location(None)
        if instance._state.adding and row.get("ship_line1"):
            instance.shipping_address = {
                column.removeprefix("ship_"): row.get(column, "")
                for column in SHIP_COLUMNS
            }
            instance.billing_address = instance.shipping_address

    def create(self, instance: Order, row: Row) -> None:
        write_past_order(instance)

    def update(self, instance: Order, row: Row) -> None:
        stored = Order.objects.get(pk=instance.pk)
        columns = {
            name: getattr(instance, name)
            for name in ("notes", "promised_at", "shipping_method")
            if name in row and getattr(instance, name) != getattr(stored, name)
        }
        if columns:
            update_order_details(stored, **columns)
        if instance.shipping_total != stored.shipping_total:
            recalculate_order(stored, shipping_total=instance.shipping_total)


class OrderItemResource(StatesetResource):
    """The lines of past orders, by order and SKU."""

    order = Field("order", "order_number", LookupCell(Order, "order_number"))
    variant = Field("variant", "sku", LookupCell(ProductVariant, "sku"))
    quantity = Field("quantity", "quantity", IntegerCell())
    unit_price = Field("unit_price", "unit_price", DecimalCell())
    discount = Field("discount", "discount", DecimalCell())
    tax_rate = Field("tax_rate", "tax_rate", DecimalCell())

    extra_columns = ("discount_rate",)

    class Meta(StatesetResource.Meta):
        model = OrderItem
        import_id_fields = ("order", "variant")
        fields = ("order", "variant", "quantity", "unit_price", "discount", "tax_rate")
        # Pricing checks the line and says what is wrong in the words of orders.
        clean_model_instances = False

    def import_instance(self, instance: OrderItem, row: Row, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        if instance.quantity is None:
            raise ValidationError({"quantity": "is empty"})
        if not row.get("unit_price"):
            instance.unit_price = instance.variant.price
        if row.get("discount_rate"):
            rate = read_decimal(row["discount_rate"]) or Decimal(0)
            instance.discount = discount_of_rate(
                unit_price=instance.unit_price,
                quantity=instance.quantity,
                rate=rate,
                currency=instance.order.currency,
            )
        instance.discount = instance.discount or Decimal(0)
        if not row.get("tax_rate"):
            instance.tax_rate = instance.variant.product.tax_rate

    def create(self, instance: OrderItem, row: Row) -> None:
        line = OrderLine(
            instance.variant,
            instance.quantity,
            unit_price=instance.unit_price,
            discount=instance.discount,
            tax_rate=instance.tax_rate,
        )
        instance.pk = put_past_line(instance.order, line).pk

    def update(self, instance: OrderItem, row: Row) -> None:
        self.create(instance, row)


RESOURCES = (CustomerResource, OrderResource, OrderItemResource)


def _address_values(row: Row) -> dict[str, str]:
    return {name: row.get(name, "") for name in ADDRESS_COLUMNS}


def _require_country(row: Row, column: str, *, needed: bool) -> None:
    code = row.get(column, "")
    if (code or needed) and not (len(code) == 2 and code.isalpha() and code.isupper()):
        raise ValidationError(
            {column: f"{code!r} is no country code; write it like DE (ISO 3166)"}
        )
