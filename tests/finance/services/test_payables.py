"""Suppliers' invoices agree with order and receipt, or are not recorded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from finance.errors import (
    AlreadyRecordedError,
    InvoiceStateError,
    OverpaymentError,
    ThreeWayMatchError,
)
from finance.models import Invoice, Payment
from finance.services import (
    BilledLine,
    pay_supplier_invoice,
    record_supplier_invoice,
    void_invoice,
)
from inventory.models import PurchaseOrder
from inventory.services.procurement import receive_purchase_order
from tests.finance.builders import make_invoice, money_of
from tests.inventory.builders import make_supplier
from tests.inventory.procurement.builders import line_ids, make_sent_order

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def make_received(*quantities: int, **overrides: Any) -> PurchaseOrder:
    """Return a purchase order of which everything came, at 2.50 a unit."""
    order = make_sent_order(*quantities, **overrides)
    counts = {item.pk: item.quantity_ordered for item in order.items.all()}
    receive_purchase_order(order, quantities=counts)
    return order


def record(order: PurchaseOrder, **overrides: Any) -> Invoice:
    """Record the supplier's invoice F-1 over everything received."""
    values: dict[str, Any] = {"supplier_invoice_number": "F-1", "at": MONDAY}
    return record_supplier_invoice(order, **{**values, **overrides})


def sku_of(order: PurchaseOrder, line_number: int = 1) -> str:
    return order.items.get(line_number=line_number).variant.sku


def test_a_suppliers_invoice_charges_what_came() -> None:
    order = make_received(
        10,
        4,
        supplier=make_supplier(payment_terms_days=14),
        shipping_total=Decimal("7.90"),
    )

    invoice = record(order)

    assert invoice.invoice_number == "BIL-2026-000001"
    assert (invoice.kind, invoice.status) == ("payable", "open")
    assert invoice.supplier == order.supplier
    assert invoice.total == Decimal("42.90")
    assert (invoice.issued_on, invoice.due_on) == (
        date(2026, 11, 23),
        date(2026, 12, 7),
    )
    assert list(invoice.lines.order_by("line_number").values_list("quantity")) == [
        (10,),
        (4,),
    ]


def test_costs_finer_than_a_cent_are_charged_exactly() -> None:
    order = make_received(10_000, unit_cost=Decimal("0.012345"))

    assert record(order).total == Decimal("123.45")


def test_only_what_came_is_charged() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    receive_purchase_order(order, quantities={line: 6})
    price = Decimal("2.50")

    with pytest.raises(ThreeWayMatchError) as refusal:
        record(order, lines={line: BilledLine(10, price)})

    assert str(refusal.value) == (
        "The supplier's invoice was not recorded.\n"
        f"  why: line 1 ({sku_of(order)}): 10 charged, 6 received and 0 of them"
        " invoiced already\n"
        "  fix: ask the supplier to correct the invoice, or receive what is missing"
    )
    assert Invoice.objects.count() == 0
    assert record(order).total == Decimal(15)


def test_the_price_must_be_the_orders() -> None:
    order = make_received(10, 4)
    first, second = line_ids(order)

    with pytest.raises(ThreeWayMatchError) as refusal:
        record(
            order,
            lines={
                first: BilledLine(10, Decimal("2.60")),
                second: BilledLine(4, Decimal("2.50")),
            },
        )

    assert refusal.value.why == (
        f"line 1 ({sku_of(order)}): 2.6 a unit charged, 2.5 ordered"
    )


def test_nothing_is_charged_twice() -> None:
    order = make_received(10)
    (line,) = line_ids(order)
    record(order, lines={line: BilledLine(6, Decimal("2.50"))})

    with pytest.raises(ThreeWayMatchError) as refusal:
        record(
            order,
            supplier_invoice_number="F-2",
            lines={line: BilledLine(5, Decimal("2.50"))},
        )

    assert refusal.value.why == (
        f"line 1 ({sku_of(order)}): 5 charged, 10 received and 6 of them invoiced"
        " already"
    )
    record(order, supplier_invoice_number="F-2")
    with pytest.raises(ThreeWayMatchError) as nothing:
        record(order, supplier_invoice_number="F-3")
    assert nothing.value.why == (f"nothing of {order} is received and not invoiced yet")


def test_a_line_of_another_order_is_not_charged() -> None:
    order, other = make_received(10), make_received(10)
    (foreign,) = line_ids(other)

    with pytest.raises(ThreeWayMatchError) as refusal:
        record(order, lines={foreign: BilledLine(1, Decimal("2.50"))})

    assert refusal.value.why == "a line is not on the purchase order"


def test_freight_is_charged_once_and_within_the_order() -> None:
    order = make_received(10, shipping_total=Decimal(8))
    (line,) = line_ids(order)
    part = {line: BilledLine(5, Decimal("2.50"))}
    record(order, lines=part, shipping_total=Decimal(5))

    with pytest.raises(ThreeWayMatchError) as refusal:
        record(
            order,
            supplier_invoice_number="F-2",
            lines=part,
            shipping_total=Decimal(5),
        )

    assert refusal.value.why == (
        "freight: 5.00 USD charged, 3.00 USD of the order's left"
    )
    assert record(order, supplier_invoice_number="F-2").shipping_total == Decimal(3)


def test_a_suppliers_number_is_recorded_once() -> None:
    supplier = make_supplier()
    first = record(make_received(10, supplier=supplier))
    order = make_received(10, supplier=supplier)

    with pytest.raises(AlreadyRecordedError) as refusal:
        record(order)

    assert str(refusal.value) == (
        "The supplier's invoice was not recorded.\n"
        f"  why: {first} is the supplier's invoice F-1 already\n"
        "  fix: look at that one, or correct the number"
    )
    void_invoice(first, reason="typed for the wrong order")
    assert record(order).status == "open"


def test_a_suppliers_invoice_has_a_number() -> None:
    with pytest.raises(ThreeWayMatchError) as refusal:
        record(make_received(10), supplier_invoice_number=" ")

    assert refusal.value.why == "it has no number"


def test_a_suppliers_invoice_is_paid_out() -> None:
    invoice = record(make_received(10))

    first = pay_supplier_invoice(
        invoice, amount=Decimal(10), method="bank_transfer", at=MONDAY
    )
    assert money_of(invoice) == ("partially_paid", Decimal(10), Decimal(0))
    pay_supplier_invoice(invoice, amount=Decimal(15), method="bank_transfer")

    assert (first.kind, first.status, first.invoice) == (
        "payout",
        "succeeded",
        invoice,
    )
    assert money_of(invoice) == ("paid", Decimal(25), Decimal(0))


def test_no_more_is_paid_out_than_is_owed() -> None:
    invoice = record(make_received(10))

    with pytest.raises(OverpaymentError) as refusal:
        pay_supplier_invoice(invoice, amount=Decimal("25.01"), method="bank_transfer")

    assert refusal.value.why == "25.00 USD is owed"
    assert Payment.objects.count() == 0


def test_a_payout_with_the_same_key_is_made_once() -> None:
    invoice = record(make_received(10))
    payout: dict[str, Any] = {
        "amount": Decimal(10),
        "method": "check",
        "idempotency_key": "p1",
    }

    first = pay_supplier_invoice(invoice, **payout)
    again = pay_supplier_invoice(invoice, **payout)

    assert again == first
    with pytest.raises(AlreadyRecordedError) as refusal:
        pay_supplier_invoice(invoice, **{**payout, "amount": Decimal(11)})
    assert refusal.value.why == f"its key was used for {first}, another payment"
    assert money_of(invoice) == ("partially_paid", Decimal(10), Decimal(0))


def test_a_customers_invoice_is_not_paid_out() -> None:
    invoice = make_invoice()

    with pytest.raises(InvoiceStateError) as refusal:
        pay_supplier_invoice(invoice, amount=Decimal(10), method="check")

    assert refusal.value.why == "it is not a supplier's"
