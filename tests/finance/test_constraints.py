"""What the database itself refuses, whoever writes: one broken row per constraint."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F, Model

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
    pay_supplier_invoice,
    refund_payment,
)
from tests.breaking import (
    checks_of,
    names_it,
    refused_copy,
    refused_update,
    uniques_of,
)
from tests.finance.builders import (
    make_authorization,
    make_cash_sale,
    make_invoice,
    make_payment,
)
from tests.finance.services.test_payables import make_received, record
from tests.inventory.builders import make_supplier
from tests.orders.builders import NOON

pytestmark = pytest.mark.django_db

ALL: dict[str, Any] = {}
CHARGE = {"kind": "charge", "authorized_at": None, "refunded_amount": 0}
A_LONG_TIME_AGO = date(2026, 1, 1)

BROKEN: dict[str, tuple[type[Model], dict[str, Any], dict[str, Any]]] = {
    "payment_kind_known": (Payment, CHARGE, {"kind": "gift"}),
    "payment_status_known": (Payment, {"status": "authorized"}, {"status": "stuck"}),
    "payment_method_known": (Payment, CHARGE, {"method": "shells"}),
    "payment_currency_code": (Payment, CHARGE, {"currency": "usd"}),
    "payment_amount_positive": (
        Payment,
        {"status": "authorized"},
        {"amount": Decimal(0)},
    ),
    "payment_refunded_not_negative": (Payment, CHARGE, {"refunded_amount": -1}),
    "payment_forgiven_by_refund": (Payment, CHARGE, {"forgiven_amount": 1}),
    "payment_captured_within_amount": (
        Payment,
        {"captured_amount": 40},
        {"captured_amount": Decimal("100.01")},
    ),
    "payment_refunded_within_captured": (
        Payment,
        {"captured_amount": 40},
        {"refunded_amount": Decimal("40.01")},
    ),
    "payment_captured_as_status_says": (
        Payment,
        {"status": "authorized"},
        {"captured_amount": 1},
    ),
    "payment_captured_whole": (Payment, CHARGE, {"captured_amount": 1}),
    "payment_has_subject": (Payment, CHARGE, {"order": None, "invoice": None}),
    "payment_refund_has_parent": (Payment, {"kind": "refund"}, {"parent": None}),
    "payment_succeeded_has_time": (Payment, CHARGE, {"processed_at": None}),
    "payment_authorized_has_time": (
        Payment,
        {"status": "authorized"},
        {"authorized_at": None, "authorization_expires_at": None},
    ),
    "payment_authorization_ends": (
        Payment,
        {"status": "authorized"},
        {"authorization_expires_at": None},
    ),
    "payment_authorization_of_charge": (
        Payment,
        {"status": "authorized"},
        {"method": "cash"},
    ),
    "payment_provider_reference_unique": (
        Payment,
        CHARGE,
        {"provider": "stripe", "provider_reference": "pi_1"},
    ),
    "payment_application_positive": (PaymentApplication, ALL, {"amount": 0}),
    "cash_sale_status_known": (CashSale, ALL, {"status": "stuck"}),
    "cash_sale_currency_code": (CashSale, ALL, {"currency": "usd"}),
    "cash_sale_amount_positive": (CashSale, ALL, {"amount": 0}),
    "cash_sale_change_not_negative": (CashSale, ALL, {"change_amount": -1}),
    "cash_sale_tendered_enough": (CashSale, ALL, {"tendered_amount": 19}),
    "invoice_kind_known": (Invoice, {"kind": "receivable"}, {"kind": "gift"}),
    "invoice_status_known": (Invoice, {"kind": "receivable"}, {"status": "stuck"}),
    "invoice_currency_code": (Invoice, ALL, {"currency": "usd"}),
    "invoice_money_not_negative": (Invoice, ALL, {"shipping_total": -1}),
    "invoice_paid_within_total": (Invoice, ALL, {"amount_paid": F("total") + 1}),
    "invoice_credited_within_total": (
        Invoice,
        ALL,
        {"amount_credited": F("total") + 1},
    ),
    "invoice_issued_has_number": (Invoice, ALL, {"invoice_number": None}),
    "invoice_party_fits_kind": (Invoice, {"kind": "receivable"}, {"customer": None}),
    "invoice_credit_note_credits": (
        Invoice,
        {"kind": "credit_note"},
        {"credits": None},
    ),
    "invoice_due_after_issue": (Invoice, ALL, {"due_on": A_LONG_TIME_AGO}),
    "invoice_paid_has_time": (Invoice, {"status": "paid"}, {"paid_at": None}),
    "invoice_supplier_number_unique": (
        Invoice,
        {"kind": "payable"},
        {"supplier_invoice_number": "F-1"},
    ),
    "invoice_line_quantity_positive": (InvoiceLine, ALL, {"quantity": 0}),
    "invoice_line_money_not_negative": (InvoiceLine, ALL, {"discount": -1}),
    "invoice_line_tax_fraction": (InvoiceLine, ALL, {"tax_rate": 2}),
}
"""By the name of a constraint: which rows to change, and how, to break only it."""

TWICE: dict[str, type[Model]] = {
    "payment_application_unique": PaymentApplication,
    "invoice_line_number_unique": InvoiceLine,
}
"""What a second row like the first one breaks."""


def make_books() -> None:
    """Write a row of each kind that constraints speak of."""
    invoice = make_invoice()
    make_payment(invoice=invoice)
    refund_payment(make_payment(), amount=Decimal(5), reason="scratched")
    credit_invoice(make_invoice(), amount=Decimal(5), reason="scratched")
    make_authorization()
    capture_payment(make_authorization(), amount=Decimal(40), at=NOON)
    make_cash_sale()
    supplier = make_supplier()
    for number in ("F-1", "F-2"):
        bill = record(
            make_received(10, supplier=supplier), supplier_invoice_number=number
        )
        pay_supplier_invoice(bill, amount=Decimal(5), method="check")


def test_the_database_refuses_whatever_breaks_a_constraint() -> None:
    make_books()

    answers = {
        name: refused_update(model._default_manager.filter(**chosen), **wrong)
        for name, (model, chosen, wrong) in BROKEN.items()
    }

    missed = [each for each in answers.items() if not names_it(each[1], each[0])]
    assert missed == []


def test_the_database_refuses_a_row_a_second_time() -> None:
    make_books()

    for name, model in TWICE.items():
        assert names_it(refused_copy(model._default_manager.all()[0]), name)


def test_every_constraint_of_finance_is_broken_here() -> None:
    named = checks_of("finance") | uniques_of("finance")
    assert named == BROKEN.keys() | TWICE.keys()
