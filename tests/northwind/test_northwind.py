"""The check figures of docs/examples/northwind/README.md, to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from fulfillment.models import Shipment
from inventory.models import Product, StockLevel, StockTransaction, Supplier
from orders.models import Address, Customer, Order, OrderItem
from stateset.lib.invariants import all_invariants, violations
from stateset.system.importing.mappings import parse_mapping
from stateset.system.importing.tables import read_table
from stateset.system.models import AuditEntry, OutboxMessage
from tests.northwind.builders import commands, import_northwind

NEW = [
    "Imported locations.csv: 1 new, 0 changed, 0 there already",
    "Imported suppliers.csv: 29 new, 0 changed, 0 there already",
    "Imported products.csv: 77 new, 0 changed, 0 there already",
    "Imported customers.csv: 91 new, 0 changed, 0 there already",
    "Imported orders.csv: 830 new, 0 changed, 0 there already",
    "Imported order_details.csv: 2155 new, 0 changed, 0 there already",
    "Imported orders.csv: 809 new, 0 changed, 0 there already",
]
AGAIN = [
    "Imported locations.csv: 0 new, 0 changed, 1 there already",
    "Imported suppliers.csv: 0 new, 0 changed, 29 there already",
    "Imported products.csv: 0 new, 0 changed, 77 there already",
    "Imported customers.csv: 0 new, 0 changed, 91 there already",
    "Imported orders.csv: 0 new, 0 changed, 830 there already",
    "Imported order_details.csv: 0 new, 0 changed, 2155 there already",
    "Imported orders.csv: 0 new, 0 changed, 809 there already",
]


@pytest.mark.django_db
@pytest.mark.history
@pytest.mark.long
def test_northwind_comes_in_to_the_cent_and_only_once() -> None:
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    assert import_northwind() == NEW
    figures = check_figures()
    assert figures == {
        "suppliers": 29,
        "products": 77,
        "customers": 91,
        "addresses": 91,
        "orders": 830,
        "lines": 2155,
        "line totals": Decimal("1265793.29"),
        "unrounded": Decimal("1265793.04"),
        "freight": Decimal("64942.69"),
        "order totals": Decimal("1330735.98"),
        "shipments": 809,
        "unshipped": 21,
        "on hand": 3119,
        "in the ledger": 3119,
    }
    assert reasons_since(before) == {
        "import of customers.csv",
        "import of locations.csv",
        "import of order_details.csv",
        "import of orders.csv",
        "import of products.csv",
        "import of suppliers.csv",
    }
    told = OutboxMessage.objects.values_list("event__aggregate_type", flat=True)
    assert {"order", "shipment", "warranty"}.isdisjoint(told)
    # The server would have done so by itself, had the import been committed.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert list(violations(all_invariants())) == []

    audited = AuditEntry.objects.exclude(action="data.import").count()
    assert import_northwind() == AGAIN
    assert check_figures() == figures
    assert AuditEntry.objects.exclude(action="data.import").count() == audited


def check_figures() -> dict[str, int | Decimal]:
    lines = OrderItem.objects.all()
    orders = Order.objects.all()
    return {
        "suppliers": Supplier.objects.count(),
        "products": Product.objects.count(),
        "customers": Customer.objects.count(),
        "addresses": Address.objects.count(),
        "orders": orders.count(),
        "lines": lines.count(),
        "line totals": added(lines, "total_price"),
        "unrounded": unrounded(),
        "freight": added(orders, "shipping_total"),
        "order totals": added(orders, "total_amount"),
        "shipments": Shipment.objects.count(),
        "unshipped": orders.filter(shipped_at=None).count(),
        "on hand": added(StockLevel.objects.all(), "on_hand"),
        "in the ledger": added(StockTransaction.objects.all(), "on_hand_delta"),
    }


def added(rows: QuerySet[Any], column: str) -> Any:
    """Add up a column exactly; SQLite's own SUM is one of floating point."""
    return sum(rows.values_list(column, flat=True))


def unrounded() -> Decimal:
    """Return what our lines cost at the rates of the file, rounded only at the end."""
    (arguments,) = (each for each in commands() if each[0] == "orders.orderitem")
    file, mapping = (Path(settings.BASE_DIR, arguments[n]) for n in (1, 3))
    columns = parse_mapping(mapping.name, mapping.read_bytes()).columns
    rates = {
        (f"NW-{row[columns['order_number']]}", f"NW-{row[columns['sku']]}"): Decimal(
            row[columns["discount_rate"]]
        )
        for row in read_table(file.name, file.read_bytes()).dict
    }
    stored = OrderItem.objects.values_list(
        "order__order_number", "sku", "unit_price", "quantity"
    )
    total = sum(
        price * quantity * (1 - rates[order, sku])
        for order, sku, price, quantity in stored
    )
    return Decimal(total).quantize(Decimal("0.01"))


def reasons_since(before: set[int]) -> set[str]:
    entries = AuditEntry.objects.exclude(pk__in=before)
    return set(entries.values_list("reason", flat=True))
