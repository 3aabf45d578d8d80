from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from finance.invariants import invariants
from finance.models import (
    CashSale,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentApplication,
)
from finance.services import (
    credit_invoice,
    draft_invoice_for_order,
    pay_supplier_invoice,
    refund_payment,
    void_cash_sale,
    void_invoice,
)
from inventory.models import PurchaseOrderItem
from orders.models import Order
from orders.services import OrderLine
from stateset.system.models import NumberSequence
from tests.finance.builders import (
    make_cash_sale,
    make_debt,
    make_invoice,
    make_payment,
)
from tests.finance.services.test_payables import make_received, record
from tests.orders.builders import NOON, make_stocked_variant

pytestmark = pytest.mark.django_db


def violations() -> dict[str, list[str]]:
    """Return what breaks which rule, without the rules that hold."""
    found = {rule.name: [str(each) for each in rule.find()] for rule in invariants()}
    return {name: broken for name, broken in found.items() if broken}


def test_whatever_the_services_do_the_books_hold() -> None:
    variant = make_stocked_variant(30, tax_rate=Decimal("0.0875"))
    order = make_debt(
        lines=[OrderLine(variant, 7, Decimal("0.33"), discount=Decimal("0.10"))],
        shipping_total=Decimal("4.90"),
    )
    early = make_payment(order=order, amount=Decimal("1.10"))
    invoice = make_invoice(order)
    for _ in range(3):
        make_payment(invoice=invoice, amount=Decimal("0.70"))
    refund_payment(early, amount=Decimal("0.20"), reason="scratched")
    line = invoice.lines.get()
    credit_invoice(invoice, lines={line.pk: 2}, reason="came back")
    void_invoice(make_invoice(), reason="wrong address")
    draft_invoice_for_order(make_debt())
    bounced = make_payment(invoice=make_invoice())
    refund_payment(bounced, amount=Decimal(100), reason="bounced", reopens_invoice=True)
    make_payment(has_arrived=False)
    void_cash_sale(make_cash_sale(), reason="wrong colour", at=NOON)
    bill = record(make_received(10, shipping_total=Decimal(5)))
    pay_supplier_invoice(bill, amount=Decimal(10), method="check")

    assert violations() == {}


def test_a_gap_in_the_numbers_is_found() -> None:
    make_invoice()
    NumberSequence.objects.filter(key="INV-2026").update(next_value=3)

    assert violations() == {
        "finance.invoice_numbers": ["INV-2026: 2 numbers given, 1 invoices"]
    }


def test_numbers_that_a_restore_passed_over_are_no_gap_and_others_are() -> None:
    make_invoice()
    series = NumberSequence.objects.filter(key="INV-2026")
    series.update(next_value=1002, skipped=1000)
    assert violations() == {}
    series.update(next_value=1003)
    assert violations() == {
        "finance.invoice_numbers": ["INV-2026: 2 numbers given, 1 invoices"]
    }


def test_a_cash_sale_that_is_not_its_payment_is_found() -> None:
    sale = make_cash_sale()
    CashSale.objects.update(amount=Decimal(19))

    assert violations() == {
        "finance.cash_sales": [f"{sale}: sold 19.0000, paid 20.0000, ordered 20.0000"]
    }


def test_money_in_another_currency_is_found() -> None:
    invoice = make_invoice()
    payment = make_payment(invoice=invoice)
    Payment.objects.update(currency="EUR")

    assert violations() == {
        "finance.currencies": [
            f"{payment}: is in EUR, its order in USD",
            f"{payment}: is in EUR, its invoice in USD",
        ]
    }


def test_a_changed_line_of_an_issued_invoice_is_found() -> None:
    invoice = make_invoice()
    InvoiceLine.objects.update(line_total=Decimal("99.99"))

    assert violations() == {
        "finance.invoice_totals": [
            (
                f"{invoice}: net 100.0000, tax 0.0000, total 100.0000;"
                " its lines: 99.9900, 0.0000"
            )
        ]
    }


def test_a_paid_amount_that_no_payment_explains_is_found() -> None:
    invoice = make_invoice()
    Invoice.objects.update(amount_paid=Decimal("0.01"))

    assert violations() == {
        "finance.invoice_payments": [
            f"{invoice}: amount paid is 0.0100, applied 0.0000"
        ],
        "finance.invoice_status": [f"{invoice}: is open, should be partially_paid"],
    }


def test_a_credited_amount_that_no_credit_note_explains_is_found() -> None:
    invoice = make_invoice()
    credit_invoice(invoice, amount=Decimal(30), reason="scratched")
    Invoice.objects.filter(pk=invoice.pk).update(amount_credited=Decimal(31))

    assert violations() == {
        "finance.invoice_credits": [
            f"{invoice}: amount credited is 31.0000, credited 30.0000"
        ]
    }


def test_units_invoiced_beyond_the_order_are_found() -> None:
    invoice = make_invoice()
    InvoiceLine.objects.update(quantity=2)

    assert violations() == {
        "finance.invoiced_units": [f"{invoice.order} line 1: 2 invoiced, 1 ordered"]
    }


def test_units_invoiced_beyond_the_receipt_are_found() -> None:
    bill = record(make_received(10))
    PurchaseOrderItem.objects.update(quantity_received=9)

    assert violations() == {
        "finance.three_way_match": [
            f"{bill.purchase_order} line 1: 10 invoiced, 9 received"
        ]
    }


def test_a_refund_that_is_not_counted_is_found() -> None:
    payment = make_payment()
    refund_payment(payment, amount=Decimal(30), reason="scratched")
    Payment.objects.filter(pk=payment.pk).update(
        refunded_amount=F("refunded_amount") - 10
    )

    assert violations() == {
        "finance.refunds": [f"{payment}: refunded amount is 20.0000, refunded 30.0000"],
        "finance.order_money": [
            f"{payment.order}: amount refunded is 30.0000, payments 20.0000"
        ],
    }


def test_a_payment_applied_beyond_what_came_is_found() -> None:
    payment = make_payment(invoice=make_invoice())
    PaymentApplication.objects.update(amount=Decimal(101))

    assert violations() == {
        "finance.invoice_payments": [
            f"{payment.invoice}: amount paid is 100.0000, applied 101.0000"
        ],
        "finance.applications": [
            f"{payment}: 101.0000 applied, 100.0000 came and stayed"
        ],
    }


@pytest.mark.parametrize(
    ("column", "words"),
    [("amount_paid", "amount paid"), ("amount_refunded", "amount refunded")],
)
def test_money_on_an_order_that_no_payment_explains_is_found(
    column: str, words: str
) -> None:
    payment = make_payment()
    changed: dict[str, Any] = {column: F(column) + 1}
    Order.objects.update(**changed)
    kept = {"amount_paid": "100.0000", "amount_refunded": "0.0000"}[column]
    now = {"amount_paid": "101.0000", "amount_refunded": "1.0000"}[column]

    assert violations() == {
        "finance.order_money": [f"{payment.order}: {words} is {now}, payments {kept}"]
    }
