from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orders.errors import (
    AddressRefusedError,
    CustomerNotActiveError,
    LineRefusedError,
    LocationRefusedError,
    OrderKeyReusedError,
    OrderNumberTakenError,
    PayByRefusedError,
)
from orders.models import Order
from orders.services import (
    OrderLine,
    change_customer_status,
    place_order,
    update_order_details,
    update_order_lines,
)
from stateset.system.models import Event, OutboxMessage
from tests.orders.builders import (
    NOON,
    make_address,
    make_customer,
    make_location,
    make_order,
    make_variant,
)

pytestmark = pytest.mark.django_db


def test_an_order_copies_price_tax_and_name_from_the_catalogue() -> None:
    variant = make_variant(price=Decimal("19.99"), tax_rate=Decimal("0.0875"))

    order = make_order(lines=[OrderLine(variant, 3)])

    item = order.items.get()
    assert (item.sku, item.name, item.line_number) == (variant.sku, "Chai", 1)
    assert item.unit_price == Decimal("19.99")
    assert item.total_price == Decimal("59.97")
    assert item.tax_amount == Decimal("5.25")
    assert order.total_amount == Decimal("65.22")
    assert (order.status, order.payment_status) == ("pending", "pending")
    assert order.fulfillment_status == "unfulfilled"


def test_each_line_is_rounded_before_the_sum() -> None:
    variant = make_variant(tax_rate=Decimal("0.05"))
    line = OrderLine(variant, 1, unit_price=Decimal("0.105"))

    order = make_order(lines=[line, line])

    assert [item.total_price for item in order.items.all()] == [Decimal("0.11")] * 2
    assert order.subtotal == Decimal("0.22")
    assert order.tax_total == Decimal("0.02")
    assert order.total_amount == Decimal("0.24")


def test_a_discount_comes_off_before_tax_and_freight_is_added_after() -> None:
    variant = make_variant(price=Decimal(100), tax_rate=Decimal("0.1"))

    order = make_order(
        lines=[OrderLine(variant, 1, discount=Decimal("15.00"))],
        shipping_total=Decimal("32.38"),
    )

    assert order.subtotal == Decimal(100)
    assert order.discount_total == Decimal(15)
    assert order.tax_total == Decimal("8.5")
    assert order.total_amount == Decimal("125.88")


def test_the_first_northwind_line_with_a_discount_comes_out_to_the_cent() -> None:
    rounded = Decimal("214.20")
    gross = Decimal("16.8") * 15
    line = OrderLine(
        make_variant(), 15, unit_price=Decimal("16.8"), discount=gross - rounded
    )

    order = make_order(lines=[line])

    assert order.items.get().total_price == rounded


def test_money_without_minor_units_is_rounded_to_whole_yen() -> None:
    variant = make_variant(price=Decimal(150), currency="JPY", tax_rate=Decimal("0.08"))

    order = make_order(lines=[OrderLine(variant, 1)])

    assert order.currency == "JPY"
    assert order.total_amount == Decimal(162)


def test_the_number_carries_the_year_of_the_order() -> None:
    order = make_order(at=datetime(1996, 7, 4, tzinfo=UTC))

    assert order.order_number == "ORD-1996-000001"
    assert order.order_date == datetime(1996, 7, 4, tzinfo=UTC)


def test_placing_tells_of_it_once() -> None:
    order = make_order()

    event = Event.objects.get(aggregate_id=order.pk)
    assert event.event_type == "order.placed"
    assert event.occurred_at == NOON
    assert event.payload["order_number"] == order.order_number
    assert event.payload["total_amount"] == "20.00"
    assert OutboxMessage.objects.filter(event=event).count() == 1


def test_the_same_key_gives_the_first_order_back() -> None:
    same: dict[str, Any] = {
        "customer": make_customer(),
        "lines": [OrderLine(make_variant(), 2)],
        "idempotency_key": "till-7:1",
    }
    first = make_order(**same)

    second = make_order(**same)

    assert second.pk == first.pk
    assert Order.objects.count() == 1


@pytest.mark.parametrize("other", ["customer", "quantity", "goods"])
def test_the_same_key_for_another_order_is_refused(other: str) -> None:
    customer, variant = make_customer(), make_variant()
    first = make_order(
        customer=customer, lines=[OrderLine(variant, 2)], idempotency_key="till-7:1"
    )
    if other == "customer":
        customer = make_customer()
    lines = [
        OrderLine(
            make_variant() if other == "goods" else variant,
            3 if other == "quantity" else 2,
        )
    ]

    with pytest.raises(OrderKeyReusedError) as refusal:
        make_order(customer=customer, lines=lines, idempotency_key="till-7:1")

    assert str(refusal.value) == (
        "The order was not placed.\n"
        f"  why: its key 'till-7:1' was used before, for {first}\n"
        "  fix: use a new key for a new order"
    )
    assert Order.objects.count() == 1


def test_the_same_request_after_the_price_or_the_order_changed_is_the_same() -> None:
    customer, variant = make_customer(), make_variant()
    same: dict[str, Any] = {
        "customer": customer,
        "lines": [OrderLine(variant, 2)],
        "idempotency_key": "till-7:1",
    }
    first = make_order(**same)
    update_order_lines(first, lines=[OrderLine(variant, 5)])
    variant.price = Decimal(12)
    variant.save()

    assert make_order(**same).pk == first.pk


def test_default_addresses_are_copied_and_later_changes_do_not_reach_the_order() -> (
    None
):
    customer = make_customer()
    address = make_address(customer, is_default_shipping=True)

    order = make_order(customer=customer)
    address.city = "Hamburg"
    address.save()

    order.refresh_from_db()
    assert order.shipping_address["city"] == "Berlin"
    assert order.billing_address == order.shipping_address


def test_plain_fields_do_for_an_address() -> None:
    order = make_order(shipping_address={"line1": "Av. 1", "city": "México D.F."})

    assert order.shipping_address["line1"] == "Av. 1"
    assert order.shipping_address["postal_code"] == ""


def test_a_customer_without_e_mail_may_order() -> None:
    order = make_order(customer=make_customer(email=None))

    assert order.customer_email == ""


def test_a_free_order_has_nothing_to_pay() -> None:
    order = make_order(lines=[OrderLine(make_variant(price=Decimal(0)), 1)])

    assert order.payment_status == "paid"


def test_an_imported_order_may_hold_what_is_no_longer_sold() -> None:
    variant = make_variant(is_active=False)

    order = make_order(lines=[OrderLine(variant, 1)], channel=Order.Channel.IMPORT)

    assert order.items.count() == 1


def refused(**overrides) -> str:
    """Return the three lines of the refusal, having seen that nothing was written."""
    before = Order.objects.count(), Event.objects.filter(aggregate_type="order").count()
    with pytest.raises(
        (
            AddressRefusedError,
            CustomerNotActiveError,
            LineRefusedError,
            LocationRefusedError,
            OrderNumberTakenError,
        )
    ) as caught:
        make_order(**overrides)
    after = Order.objects.count(), Event.objects.filter(aggregate_type="order").count()
    assert after == before
    return str(caught.value)


@pytest.mark.parametrize("status", ["suspended", "inactive"])
def test_a_customer_who_is_not_active_is_refused(status) -> None:
    customer = make_customer(number="CUS-1")
    change_customer_status(customer, to=status, reason="chargebacks")

    assert refused(customer=customer) == (
        "CUS-1 Ana Trujillo can't order.\n"
        f"  why: the customer is {status}\n"
        "  fix: reactivate the customer first"
    )


def test_an_order_without_lines_is_refused() -> None:
    assert refused(lines=[]) == (
        "The order was not placed.\n"
        "  why: it has no lines\n"
        "  fix: add at least one line"
    )


def test_a_quantity_of_nothing_is_refused() -> None:
    variant = make_variant(sku="TOFU")

    assert refused(lines=[OrderLine(variant, 0)]) == (
        "TOFU was not ordered.\n"
        "  why: the quantity is 0\n"
        "  fix: order 1 to 2147483647, or leave the line out"
    )


def test_a_negative_price_is_refused() -> None:
    variant = make_variant(sku="TOFU")

    assert refused(lines=[OrderLine(variant, 1, unit_price=Decimal(-1))]) == (
        "TOFU was not ordered.\n"
        "  why: its price is -1 and its discount 0\n"
        "  fix: give a price and a discount of 0 or more"
    )


def test_a_line_too_large_for_its_column_is_refused() -> None:
    variant = make_variant(sku="TOFU")

    assert refused(lines=[OrderLine(variant, 2_000_000_000, Decimal(900_000))]) == (
        "TOFU was not ordered.\n"
        "  why: the line would cost 1800000000000000.00\n"
        "  fix: split the line; one may cost less than 1000000000000000"
    )


def test_a_tax_rate_in_percent_is_refused() -> None:
    variant = make_variant(sku="TOFU")

    assert refused(lines=[OrderLine(variant, 1, tax_rate=Decimal(8))]) == (
        "TOFU was not ordered.\n"
        "  why: its tax rate is 8\n"
        "  fix: give the rate as a fraction between 0 and 1 (0.08 is 8 %)"
    )


def test_a_discount_above_the_line_is_refused() -> None:
    variant = make_variant(sku="TOFU")

    assert refused(lines=[OrderLine(variant, 1, discount=Decimal("10.01"))]) == (
        "The discount on TOFU was not taken.\n"
        "  why: 10.01 is more than the 10.00 the line costs\n"
        "  fix: give a discount of at most 10.00"
    )


def test_a_second_currency_is_refused() -> None:
    lines = [
        OrderLine(make_variant(), 1),
        OrderLine(make_variant(sku="TOFU", currency="EUR"), 1),
    ]

    assert refused(lines=lines) == (
        "TOFU was not ordered.\n"
        "  why: it is priced in EUR, the order is in USD\n"
        "  fix: order it separately"
    )


def test_a_variant_off_sale_is_refused() -> None:
    variant = make_variant(sku="TOFU", is_active=False)

    assert refused(lines=[OrderLine(variant, 1)]) == (
        "TOFU can't be ordered.\n"
        "  why: it is not on sale\n"
        "  fix: take it off the order, or activate the variant and its product"
    )


def test_repeated_line_numbers_are_refused() -> None:
    variant = make_variant()

    assert refused(lines=[OrderLine(variant, 1, line_number=2)] * 2) == (
        "The lines were not taken.\n"
        "  why: line numbers repeat: [2, 2]\n"
        "  fix: give each line a number of its own, or none"
    )


def test_a_taken_number_is_refused() -> None:
    make_order(order_number="10248")

    assert refused(order_number="10248") == (
        "Order 10248 was not placed.\n"
        "  why: there is an order with this number already\n"
        "  fix: leave the number out, or choose another"
    )


def test_an_address_of_somebody_else_is_refused() -> None:
    address = make_address(make_customer())
    customer = make_customer(number="CUS-2")

    assert refused(customer=customer, shipping_address=address) == (
        "The address Obere Str. 57, 12209, Berlin, DE was not used.\n"
        "  why: it is not an address of CUS-2 Ana Trujillo\n"
        "  fix: choose one of this customer's addresses"
    )


def test_a_quarantine_does_not_ship_orders() -> None:
    location = make_location(
        code="Q1", name="Quarantine", kind="quarantine", is_default=False
    )

    assert refused(location=location) == (
        "Orders can't ship from Q1 Quarantine.\n"
        "  why: it is not an active warehouse or store\n"
        "  fix: choose an active warehouse or store"
    )


def test_without_any_location_the_order_is_refused() -> None:
    with pytest.raises(LocationRefusedError) as caught:
        place_order(customer=make_customer(), lines=[OrderLine(make_variant(), 1)])

    assert str(caught.value) == (
        "The order has no location to ship from.\n"
        "  why: none was given and no location is the default\n"
        "  fix: name a location, or make one the default"
    )


def test_a_time_to_pay_by_that_is_over_is_refused() -> None:
    order = make_order()

    with pytest.raises(PayByRefusedError, match="time to pay by"):
        make_order(pay_by=NOON)

    with pytest.raises(PayByRefusedError):
        update_order_details(order, pay_by=NOON, at=NOON)
    update_order_details(order, pay_by=NOON + timedelta(hours=1), at=NOON)

    order.refresh_from_db()
    assert order.pay_by == NOON + timedelta(hours=1)
