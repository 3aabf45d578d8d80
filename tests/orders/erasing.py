"""A customer with something in every table, and all that a database says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connections

from finance.models import InvoiceLine
from finance.services import discard_draft, draft_invoice, invoice_order
from fulfillment.services import record_tracking
from orders.models import Customer, Order
from orders.services import (
    OrderLine,
    cancel_order,
    expire_cart,
    get_or_open_cart,
    set_cart_item,
)
from returns.models import Warranty
from returns.services import complete_return, decide_claim, resolve_claim, submit_claim
from stateset.lib.journal import acting
from stateset.system.erasing.rows import Found, find_rows, tables
from stateset.system.models import OutboxMessage
from stateset.system.triggers import ledgers_open
from tests.dbops.recovery.planting import WORD, fill, planted
from tests.finance.builders import make_cash_sale, make_payment
from tests.orders.builders import (
    NOON,
    make_address,
    make_confirmed_order,
    make_customer,
    make_stocked_variant,
)
from tests.returns.builders import (
    make_delivered_order,
    make_inspected_return,
    make_returnable_variant,
)
from tests.stateset.builders import make_integrity_run, make_user


def make_old_customer(**overrides: str) -> Customer:
    """Return a customer with a row in every table, and nothing left to be done."""
    customer = make_customer(**overrides)
    make_address(customer)
    _delete_something(customer)
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(customer=customer, lines=[OrderLine(variant, 3)])
    record_tracking(order.shipments.get(), status="in_transit", occurred_at=NOON)
    invoice = invoice_order(order, at=NOON)
    make_payment(invoice=invoice, amount=invoice.total)
    order.refresh_from_db()
    complete_return(make_inspected_return(order=order), at=NOON)
    make_cash_sale(customer=customer)
    _claim(order)
    cart = get_or_open_cart(customer=customer, at=NOON)
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)
    expire_cart(cart)
    called_off = make_confirmed_order(customer=customer)
    with acting(request_id=str(customer.pk)):
        cancel_order(called_off, reason=f"{planted()} called")
    return customer


def plant_into(customer: Customer) -> set[str]:
    """Fill all that is personal of a customer with words; return those to be kept."""
    kept: set[str] = set()
    with ledgers_open():
        for found in find_rows(DEFAULT_DB_ALIAS, customer.pk):
            kept |= _fill_rows(found)
    customer.refresh_from_db()
    _write_lists(customer)
    return kept


def names_of(customer: Customer) -> set[str]:
    """Return what shows of a row that it is about a customer."""
    keys = {
        key
        for found in find_rows(DEFAULT_DB_ALIAS, customer.pk)
        for key in found.keys
        if isinstance(key, UUID)
    }
    number = customer.customer_number.lower()
    return {WORD, number, *map(str, keys), *(key.hex for key in keys)}


def words_in(rows: set[str]) -> set[str]:
    """Return every planted word of some rows."""
    return {word for row in rows for word in re.findall(rf"{WORD}\d+", row)}


def everything(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """Return each row of each table as text."""
    return set(_rows(using))


def _rows(using: str) -> Iterator[str]:
    connection = connections[using]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - its own names
            for row in cursor.fetchall():
                yield f"{table} {row!r}".lower()


def _delete_something(customer: Customer) -> None:
    """Leave behind what is known from the audit log alone, lines of it too."""
    make_address(customer, line1=planted()).delete()
    draft = draft_invoice(customer, notes=planted())
    InvoiceLine.objects.create(
        invoice=draft, line_number=1, description=planted(), quantity=1
    )
    discard_draft(draft)


def _claim(order: Order) -> None:
    warranty = Warranty.objects.filter(order_item__order=order)[0]
    claim = submit_claim(warranty, failed_on=date(2026, 12, 15), description="dead")
    resolve_claim(
        decide_claim(claim, approve=True), resolution_type="repair", resolution="new"
    )


def _fill_rows(found: Found) -> set[str]:
    model, kept = found.belonging.model, found.belonging.spared("")
    if model not in tables():
        return set()
    rows = model._base_manager.filter(pk__in=found.keys)
    for row in rows:
        fill(tables()[model], row)
        if own := getattr(row, "idempotency_key", None):
            # The books read which return a refund is for.
            model._base_manager.filter(pk=row.pk).update(idempotency_key=own)
    return words_in({repr(row) for row in rows.values_list(*kept)} if kept else set())


def _write_lists(customer: Customer) -> None:
    LogEntry.objects.create(
        user=make_user(),
        content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(customer.pk),
        object_repr=str(customer),
        change_message=planted(),
        action_flag=CHANGE,
    )
    messages = OutboxMessage.objects.filter(partition_key=str(customer.pk))
    messages.update(last_error=planted())
    make_integrity_run(
        [
            {"check": "x", "subject": f"customer {customer}", "found": "is wrong"},
            {"check": "x", "subject": "order 1", "found": "is wrong"},
        ]
    )
