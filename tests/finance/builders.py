"""Orders with money on them, invoices and payments, for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finance.models import CashSale, Invoice, Payment
from finance.services import (
    invoice_order,
    record_authorization,
    record_cash_sale,
    record_payment,
)
from orders.models import Order
from orders.services import OrderLine
from tests.orders.builders import (
    NOON,
    default_location,
    make_confirmed_order,
    make_stocked_variant,
)
from tests.stateset.builders import make_user


def make_debt(total: int = 100, **overrides: Any) -> Order:
    """Return a confirmed order of one line that comes to ``total`` without tax."""
    if "lines" not in overrides:
        overrides["lines"] = [OrderLine(make_stocked_variant(price=Decimal(total)), 1)]
    return make_confirmed_order(**overrides)


def make_invoice(order: Order | None = None) -> Invoice:
    """Return an issued invoice over 100.00, or over all of an order."""
    return invoice_order(order or make_debt(), at=NOON)


def make_payment(**overrides: Any) -> Payment:
    """Return a succeeded payment by card: 100.00 for an order of 100.00."""
    if "order" not in overrides and "invoice" not in overrides:
        overrides["order"] = make_debt()
    values: dict[str, Any] = {"amount": Decimal(100), "method": "card", "at": NOON}
    return record_payment(**{**values, **overrides})


def make_authorization(**overrides: Any) -> Payment:
    """Return a card that vouches at NOON for 100.00 of an order of 100.00."""
    if "order" not in overrides and "invoice" not in overrides:
        overrides["order"] = make_debt()
    values: dict[str, Any] = {"amount": Decimal(100), "method": "card", "at": NOON}
    return record_authorization(**{**values, **overrides})


def make_cash_sale(**overrides: Any) -> CashSale:
    """Return a sale at NOON of two units at 10.00, paid with a 50."""
    values: dict[str, Any] = {"at": NOON, "tendered_amount": Decimal(50)}
    if "location" not in overrides:
        values["location"] = default_location()
    if "cashier" not in overrides:
        values["cashier"] = make_user()
    if "lines" not in overrides:
        values["lines"] = [OrderLine(make_stocked_variant(), 2)]
    return record_cash_sale(**{**values, **overrides})


def money_of(invoice: Invoice) -> tuple[str, Decimal, Decimal]:
    """Return status, paid and credited amounts as the database has them."""
    invoice.refresh_from_db()
    return invoice.status, invoice.amount_paid, invoice.amount_credited


def order_of(payment: Payment) -> Order:
    """Return the order a payment is for, as the database has it."""
    return Order.objects.get(payments=payment)


def totals_of(order: Order) -> tuple[str, Decimal, Decimal]:
    """Return payment status, paid and refunded amounts as the database has them."""
    order.refresh_from_db()
    return order.payment_status, order.amount_paid, order.amount_refunded
