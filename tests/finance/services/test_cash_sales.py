"""Sales over the counter: everything at once, or nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from finance.errors import CashSaleError, TenderedTooLittleError
from finance.models import CashSale, Invoice, Payment
from finance.services import refund_payment, void_cash_sale
from inventory.errors import InsufficientStockError
from inventory.models import StockTransaction
from orders.models import Customer, Order
from orders.services import OrderLine
from stateset.lib.states import InvalidTransitionError
from tests.finance.builders import make_cash_sale
from tests.fulfillment.builders import books
from tests.orders.builders import (
    NOON,
    make_customer,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db


def test_a_sale_is_order_stock_payment_and_invoice_at_once() -> None:
    variant = make_stocked_variant(10, price=Decimal("12.50"))

    sale = make_cash_sale(lines=[OrderLine(variant, 3)])

    assert sale.sale_number == "SAL-2026-000001"
    assert (sale.amount, sale.tendered_amount, sale.change_amount) == (
        Decimal("37.50"),
        Decimal(50),
        Decimal("12.50"),
    )
    assert books(variant) == (7, 0, 0)
    order = Order.objects.get()
    assert (order.status, order.payment_status, order.fulfillment_status) == (
        "delivered",
        "paid",
        "fulfilled",
    )
    assert (order.channel, order.order_date, order.delivered_at) == (
        "store",
        NOON,
        NOON,
    )
    payment = Payment.objects.get()
    assert (payment, payment.method, payment.amount) == (
        sale.payment,
        "cash",
        Decimal("37.50"),
    )
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.total) == ("paid", Decimal("37.50"))
    entry = StockTransaction.objects.get(transaction_type="ship")
    assert (entry.reference_type, entry.reference_id) == ("cash_sale", sale.pk)


def test_a_sale_without_a_name_is_booked_to_the_walk_in_customer() -> None:
    first, second = make_cash_sale(), make_cash_sale()
    named = make_cash_sale(customer=make_customer(company="Alfreds Futterkiste"))

    assert first.order.customer == second.order.customer
    assert first.order.customer.display_name == "Walk-in customer"
    assert named.order.customer.display_name == "Alfreds Futterkiste"
    assert Customer.objects.count() == 2


def test_a_sale_sent_twice_with_one_key_is_made_once() -> None:
    lines = [OrderLine(make_stocked_variant(10), 2)]

    first = make_cash_sale(lines=lines, idempotency_key="till:1")
    again = make_cash_sale(lines=lines, idempotency_key="till:1")

    assert again == first
    assert Payment.objects.count() == 1


def test_services_are_sold_over_the_counter_too() -> None:
    service = make_variant(is_stocked=False)

    sale = make_cash_sale(lines=[OrderLine(service, 1)])

    assert (sale.amount, sale.order.status) == (Decimal(10), "delivered")


def test_too_little_money_sells_nothing() -> None:
    variant = make_stocked_variant(10)

    with pytest.raises(TenderedTooLittleError) as refusal:
        make_cash_sale(lines=[OrderLine(variant, 2)], tendered_amount=Decimal(19))

    assert str(refusal.value) == (
        "The sale was not recorded.\n"
        "  why: 19.00 USD was tendered for 20.00 USD\n"
        "  fix: take at least 20.00 USD"
    )
    assert books(variant) == (10, 0, 0)
    assert (Order.objects.count(), CashSale.objects.count()) == (0, 0)


def test_a_sale_over_nothing_is_refused() -> None:
    free = make_stocked_variant(10, price=Decimal(0))

    with pytest.raises(CashSaleError) as refusal:
        make_cash_sale(lines=[OrderLine(free, 1)])

    assert refusal.value.why == "it comes to 0.00 USD"


def test_too_little_stock_sells_nothing() -> None:
    with pytest.raises(InsufficientStockError):
        make_cash_sale(lines=[OrderLine(make_stocked_variant(1), 2)])

    assert (Order.objects.count(), Payment.objects.count()) == (0, 0)


def test_voiding_brings_goods_and_money_back() -> None:
    variant = make_stocked_variant(10)
    sale = make_cash_sale(lines=[OrderLine(variant, 2)])

    void_cash_sale(sale, reason="wrong colour", at=NOON + timedelta(hours=2))

    assert (sale.status, sale.status_reason) == ("voided", "wrong colour")
    assert books(variant) == (10, 0, 0)
    order = Order.objects.get()
    assert (order.payment_status, order.fulfillment_status) == ("refunded", "returned")
    payment = Payment.objects.get(kind="charge")
    assert (payment.status, payment.refunded_amount) == ("refunded", Decimal(20))
    invoice = Invoice.objects.get(kind="receivable")
    assert (invoice.status, invoice.amount_paid, invoice.amount_credited) == (
        "paid",
        Decimal(0),
        Decimal(20),
    )
    entry = StockTransaction.objects.get(transaction_type="return")
    shipped = StockTransaction.objects.get(transaction_type="ship")
    assert (entry.on_hand_delta, entry.unit_cost) == (2, shipped.unit_cost)
    assert entry.reason == "wrong colour"


def test_a_sale_is_voided_once() -> None:
    variant = make_stocked_variant(10)
    sale = make_cash_sale(lines=[OrderLine(variant, 2)])
    void_cash_sale(sale, reason="wrong colour", at=NOON)

    with pytest.raises(InvalidTransitionError):
        void_cash_sale(sale, reason="wrong colour", at=NOON)

    assert books(variant) == (10, 0, 0)
    assert Payment.objects.filter(kind="refund").count() == 1


def test_yesterdays_sale_is_not_voided() -> None:
    variant = make_stocked_variant(10)
    sale = make_cash_sale(lines=[OrderLine(variant, 2)])

    with pytest.raises(CashSaleError) as refusal:
        void_cash_sale(sale, reason="wrong colour", at=NOON + timedelta(days=1))

    assert str(refusal.value) == (
        f"Cash sale {sale} was not voided.\n"
        "  why: it was made on 2026-11-20, and only sales of the same day are voided\n"
        "  fix: take the goods back as a return"
    )
    assert books(variant) == (8, 0, 0)


def test_a_sale_partly_refunded_is_not_voided() -> None:
    sale = make_cash_sale()
    refund_payment(sale.payment, amount=Decimal(5), reason="scratched")

    with pytest.raises(CashSaleError) as refusal:
        void_cash_sale(sale, reason="wrong colour", at=NOON)

    assert refusal.value.why == "some of its goods or money went back already"
    sale.refresh_from_db()
    assert sale.status == "completed"
