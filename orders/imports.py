"""What of customers and orders can be imported, column by column."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from import_export.fields import Field

from inventory.models import Location, ProductVariant
from orders.models import Address, Customer, Order, OrderItem
from orders.services.addressing import choose_location, copy_address
from orders.services.customers import create_customer, save_address, update_customer
from orders.services.editing import (
    change_order_addresses,
    recalculate_order,
    update_order_details,
)
from orders.services.history import (
    discount_of_rate,
    put_past_lines,
    require_lines_open,
    write_past_order,
)
from orders.services.pricing import OrderLine, price_lines
from stateset.system.importing.cells import DecimalCell, LookupCell
from stateset.system.importing.parts import Change, Part, Row, cells_of
from stateset.system.importing.problems import EMPTY
from stateset.system.importing.resource import StatesetResource

ADDRESS_COLUMNS = {
    name: name
    for name in ("line1", "line2", "city", "province", "postal_code", "country_code")
}
SHIP_COLUMNS = {f"ship_{name}": name for name in ("name", *ADDRESS_COLUMNS)}
DETAILS = ("location", "promised_at", "shipping_method", "notes")


class CustomerResource(StatesetResource):
    """Customers by number, with the one address they ship to and are billed at."""

    extra_columns = cells_of(Address, ADDRESS_COLUMNS)
    also_writes = (Address,)

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

    def fill(self, instance: Customer, row: Row) -> None:
        instance.clean()
        if any(row.get(column) for column in ADDRESS_COLUMNS):
            address = _ship_to(instance) or Address(
                is_default_shipping=True, is_default_billing=True
            )
            address.company = instance.company
            self.parts = [Part(address, ADDRESS_COLUMNS, links=("customer",))]

    def create(self, instance: Customer, row: Row) -> None:
        values = {name: getattr(instance, name) for name in self.fields}
        customer = create_customer(number=values.pop("customer_number"), **values)
        self._save_address(customer)

    def update(self, instance: Customer, row: Row) -> None:
        changed = {change.column for change in self.changes}
        columns: dict[str, Any] = {
            name: getattr(instance, name) for name in self.fields if name in changed
        }
        if columns:
            update_customer(instance, **columns)
        if changed.intersection((*ADDRESS_COLUMNS, "company")):
            self._save_address(instance)

    def _save_address(self, customer: Customer) -> None:
        for part in self.parts:
            part.instance.customer = customer
            save_address(part.instance)


class OrderResource(StatesetResource):
    """The heads of past orders by number; their lines are a file of their own."""

    customer = Field("customer", "customer", LookupCell(Customer, "customer_number"))
    location = Field("location", "location", LookupCell(Location, "code"))

    extra_columns = cells_of(Address, SHIP_COLUMNS)
    # The number of its own, what the lines add up to, and copies of addresses.
    unchecked = ("shipping_address", "billing_address")
    fixed = ("customer", "order_date", "currency")

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

    def fill(self, instance: Order, row: Row) -> None:
        if instance._state.adding and not row.get("location"):
            instance.location = choose_location(None)
        given = {
            SHIP_COLUMNS[column]: value
            for column, value in self.read_extra(row).items()
        }
        if not any(given.values()):
            return
        old = instance.shipping_address
        new = copy_address({**old, **given}, customer=instance.customer)
        if instance.billing_address in ({}, old):
            instance.billing_address = new
        if new != old:
            instance.shipping_address = new
            self.changes = [Change("ship_…", _text(old), _text(new))]

    def create(self, instance: Order, row: Row) -> None:
        write_past_order(instance)

    def update(self, instance: Order, row: Row) -> None:
        stored = Order.objects.get(pk=instance.pk)
        changed = {change.column for change in self.changes}
        details = {name: getattr(instance, name) for name in DETAILS if name in changed}
        if details:
            update_order_details(stored, **details)
        if "shipping_total" in changed:
            recalculate_order(stored, shipping_total=instance.shipping_total)
        if instance.shipping_address != stored.shipping_address:
            change_order_addresses(
                stored,
                shipping=instance.shipping_address,
                billing=instance.billing_address,
            )


class OrderItemResource(StatesetResource):
    """The lines of past orders, by order and SKU."""

    order = Field("order", "order_number", LookupCell(Order, "order_number"))
    variant = Field(
        "variant", "sku", LookupCell(ProductVariant, "sku", joined=("product",))
    )

    extra_columns = {"discount_rate": DecimalCell()}
    unchecked = ("line_number", "sku", "name")

    class Meta(StatesetResource.Meta):
        model = OrderItem
        import_id_fields = ("order", "variant")
        fields = ("order", "variant", "quantity", "unit_price", "discount", "tax_rate")

    def __init__(self) -> None:
        super().__init__()
        self.put_off: dict[UUID, tuple[Order, list[OrderLine]]] = {}

    def fill(self, instance: OrderItem, row: Row) -> None:
        if instance.quantity is None:
            raise ValidationError({"quantity": EMPTY})
        if instance._state.adding and not row.get("unit_price"):
            instance.unit_price = instance.variant.price
        if instance._state.adding and not row.get("tax_rate"):
            instance.tax_rate = instance.variant.product.tax_rate
        rate = self.read_extra(row).get("discount_rate")
        if rate is not None:
            _require_rate(rate, row)
            instance.discount = discount_of_rate(
                unit_price=instance.unit_price,
                quantity=instance.quantity,
                rate=rate,
                currency=instance.order.currency,
            )

    def create(self, instance: OrderItem, row: Row) -> None:
        line = OrderLine(
            instance.variant,
            instance.quantity,
            unit_price=instance.unit_price,
            discount=instance.discount,
            tax_rate=instance.tax_rate,
        )
        require_lines_open(instance.order)
        for _ in price_lines([line], currency=instance.order.currency):
            _, lines = self.put_off.setdefault(instance.order_id, (instance.order, []))
            lines.append(line)

    def update(self, instance: OrderItem, row: Row) -> None:
        self.create(instance, row)

    def finish(self) -> None:
        # An order is reckoned, told of and audited once, not once a line.
        for order, lines in self.put_off.values():
            put_past_lines(order, lines)


RESOURCES = (CustomerResource, OrderResource, OrderItemResource)


def _ship_to(customer: Customer) -> Address | None:
    return customer.addresses.current().filter(is_default_shipping=True).first()


def _text(address: dict[str, str]) -> str:
    return ", ".join(filter(None, address.values()))


def _require_rate(rate: Decimal, row: Row) -> None:
    if row.get("discount"):
        raise ValidationError(
            {"discount_rate": f"'{rate}' stands beside a discount; give one of them"}
        )
    if not 0 <= rate <= 1:
        raise ValidationError(
            {"discount_rate": f"'{rate}' is no rate; write 15 % as 0.15"}
        )
