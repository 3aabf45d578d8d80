from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db.models import F

from finance.invariants import invariants, with_settled_status
from finance.models import (
    CashSale,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentApplication,
)
from finance.services import (
    capture_payment,
    credit_invoice,
    draft_invoice_for_order,
    fail_payment,
    pay_supplier_invoice,
    refund_payment,
    void_cash_sale,
    void_invoice,
    void_payment,
)
from finance.services.settlement import settled_status
from inventory.models import PurchaseOrderItem
from orders.models import Order
from orders.services import OrderLine
from stateset.system.models import NumberSequence
from tests.finance.builders import (
    make_authorization,
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
    fail_payment(make_payment(has_arrived=False), message="declined")
    capture_payment(make_authorization(), amount=Decimal("33.33"), at=NOON)
    void_payment(make_authorization(), reason="pays cash")
    make_authorization()
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


@pytest.mark.parametrize(
    ("model", "path"),
    [(CashSale, "order"), (CashSale, "payment"), (Invoice, "order")],
)
def test_a_paper_in_another_currency_than_its_own_is_found(
    model: type[CashSale] | type[Invoice], path: str
) -> None:
    make_cash_sale()
    model._default_manager.update(currency="EUR")
    row = model._default_manager.get()

    assert f"{row}: is in EUR, its {path} in USD" in violations()["finance.currencies"]


def test_a_refund_and_a_credit_in_another_currency_are_found() -> None:
    refund = refund_payment(make_payment(), amount=Decimal(5), reason="scratched")
    note = credit_invoice(make_invoice(), amount=Decimal(5), reason="scratched")
    Payment.objects.filter(pk=refund.pk).update(currency="EUR")
    Invoice.objects.filter(pk=note.pk).update(currency="EUR")

    found = violations()["finance.currencies"]
    assert f"{refund}: is in EUR, its parent in USD" in found
    assert f"{note}: is in EUR, its credits in USD" in found


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


def test_the_books_expect_the_status_that_services_set() -> None:
    invoice = make_invoice()
    parts = [Decimal(part) for part in ("0", "33.33", "66.67", "99.99", "100")]
    cases = [(Decimal(100), *each) for each in product(parts, parts)]
    said = set()
    for total, paid, credited in [*cases, (Decimal(0), Decimal(0), Decimal(0))]:
        Invoice.objects.update(total=total, amount_paid=paid, amount_credited=credited)
        invoice.refresh_from_db()
        due = with_settled_status().get().due
        assert due == settled_status(invoice), (total, paid, credited)
        said.add(due)
    assert said == {"open", "partially_paid", "paid"}


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


def test_a_refund_that_waits_counts_as_if_it_had_gone() -> None:
    payment = make_payment()
    refund = refund_payment(payment, amount=Decimal(30), reason="scratched")
    Payment.objects.filter(pk=refund.pk).update(status="pending", captured_amount=0)
    assert violations() == {}

    Payment.objects.filter(pk=refund.pk).update(status="failed")

    assert violations() == {
        "finance.refunds": [f"{payment}: refunded amount is 30.0000, refunded 0.0000"],
        "finance.forgiven": [
            f"{refund}: forgave 30.0000, and gives nothing of an order back"
        ],
    }


def test_more_forgiven_than_went_back_is_found() -> None:
    order = make_debt(total=10)
    payment = make_payment(order=order, amount=Decimal(10))
    refund = refund_payment(payment, amount=Decimal(4), reason="scratched")
    assert refund.forgiven_amount == 4
    assert violations() == {}
    forgave = Payment.objects.filter(pk=refund.pk)

    Order.objects.update(amount_refunded=Decimal(3))
    assert violations()["finance.forgiven"] == [
        f"{order}: 4.0000 forgiven, 3.0000 at most"
    ]

    Order.objects.update(amount_refunded=Decimal(4), total_amount=Decimal("3.99"))
    assert violations()["finance.forgiven"] == [
        f"{order}: 4.0000 forgiven, 3.9900 at most"
    ]

    Order.objects.update(total_amount=Decimal(10))
    forgave.update(status="failed", captured_amount=0)
    nothing = f"{refund}: forgave 4.0000, and gives nothing of an order back"
    assert violations()["finance.forgiven"] == [nothing]

    invoice = make_invoice()
    forgave.update(status="succeeded", captured_amount=4, order=None, invoice=invoice)
    assert violations()["finance.forgiven"] == [nothing]


def test_a_payment_applied_beyond_what_was_captured_is_found() -> None:
    payment = make_authorization(invoice=make_invoice())
    capture_payment(payment, amount=Decimal(40), at=NOON)
    PaymentApplication.objects.update(amount=Decimal(100))

    assert violations()["finance.applications"] == [
        f"{payment}: 100.0000 applied, 40.0000 came and stayed"
    ]


def test_an_order_that_counts_more_than_was_captured_is_found() -> None:
    payment = capture_payment(make_authorization(), amount=Decimal(40), at=NOON)
    Payment.objects.update(captured_amount=Decimal(39))

    assert violations() == {
        "finance.order_money": [
            f"{payment.order}: amount paid is 40.0000, payments 39.0000"
        ]
    }


def test_a_cash_sale_of_which_less_came_is_found() -> None:
    sale = make_cash_sale()
    Payment.objects.update(
        authorized_at=NOON,
        authorization_expires_at=NOON + timedelta(days=1),
        method="card",
        captured_amount=Decimal(19),
    )

    assert violations()["finance.cash_sales"] == [
        f"{sale}: sold 20.0000, paid 19.0000, ordered 20.0000"
    ]


def test_an_order_that_does_not_tell_of_a_failure_is_found() -> None:
    payment = fail_payment(make_payment(has_arrived=False), message="declined")
    Order.objects.update(payment_failure="", payment_status="pending")

    assert violations() == {
        "finance.order_failures": [f"{payment.order}: says nothing, should say failed"]
    }


def test_an_order_that_tells_of_a_failure_without_one_is_found() -> None:
    order = make_debt()
    Order.objects.update(payment_failure="voided", payment_status="voided")

    assert violations() == {
        "finance.order_failures": [f"{order}: says voided, should say nothing"]
    }


def test_money_to_come_for_a_cancelled_order_is_found() -> None:
    order = make_debt()
    waits = make_payment(order=order, amount=Decimal(60), has_arrived=False)
    vouched_for = make_authorization(order=order)
    Order.objects.update(status="cancelled")

    assert sorted(violations()["finance.cancelled_orders"]) == [
        f"{waits}: is pending, its order {order} cancelled",
        f"{vouched_for}: is authorized, its order {order} cancelled",
    ]


@pytest.mark.parametrize(
    ("column", "kept", "now"),
    [
        ("amount_paid", "100.0000", "101.0000"),
        ("amount_refunded", "0.0000", "1.0000"),
        ("amount_authorized", "0.0000", "1.0000"),
    ],
)
def test_money_on_an_order_that_no_payment_explains_is_found(
    column: str, kept: str, now: str
) -> None:
    payment = make_payment()
    changed: dict[str, Any] = {column: F(column) + 1}
    Order.objects.update(**changed)
    words = column.replace("_", " ")

    assert violations() == {
        "finance.order_money": [f"{payment.order}: {words} is {now}, payments {kept}"]
    }
