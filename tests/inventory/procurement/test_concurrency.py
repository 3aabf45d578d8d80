"""Two at once, on real connections: nothing is received or announced twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.errors import NotReceivableError, QuantityNotOpenError
from inventory.models import ItemReceipt, PurchaseOrder, ShippingNotice
from inventory.services.procurement import (
    PurchaseLine,
    announce_shipping_notice,
    approve_purchase_order,
    receive_purchase_order,
    reverse_receipt,
    submit_purchase_order,
)
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.inventory.builders import make_location, make_variant
from tests.inventory.procurement.builders import (
    line_counts,
    line_ids,
    make_purchase_order,
    make_sent_order,
    stock_of,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def copies(order: PurchaseOrder) -> tuple[PurchaseOrder, PurchaseOrder]:
    """Return the order as two people have it on their screens."""
    first, second = (PurchaseOrder.objects.get(pk=order.pk) for _ in range(2))
    return first, second


def test_one_delivery_received_twice_at_once_is_booked_once() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    one, other = copies(order)

    results = at_once(
        lambda: receive_purchase_order(one, quantities={line: 10}),
        lambda: receive_purchase_order(other, quantities={line: 10}),
    )

    assert refusals(results) == [NotReceivableError]
    assert stock_of(order) == [(10, Decimal("2.5"))]
    assert line_counts(order) == [(10, 0)]


def test_two_halves_at_once_receive_the_order() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    one, other = copies(order)

    results = at_once(
        lambda: receive_purchase_order(one, quantities={first: 10}),
        lambda: receive_purchase_order(other, quantities={second: 4}),
    )

    assert refusals(results) == []
    order.refresh_from_db()
    assert order.status == "received"


def test_too_much_at_once_is_refused_for_the_second() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    one, other = copies(order)

    results = at_once(
        lambda: receive_purchase_order(one, quantities={line: 6}),
        lambda: receive_purchase_order(other, quantities={line: 6}),
    )

    assert refusals(results) == [QuantityNotOpenError]
    assert line_counts(order) == [(6, 0)]
    assert stock_of(order) == [(6, Decimal("2.5"))]


def test_deliveries_of_the_same_variants_at_once_do_not_deadlock() -> None:
    location, nut, bolt = make_location(), make_variant(), make_variant()
    lines = [PurchaseLine(nut, 5, Decimal(1)), PurchaseLine(bolt, 5, Decimal(1))]
    orders = [
        make_sent_order(ship_to=location, lines=lines if turn % 2 else lines[::-1])
        for turn in range(4)
    ]

    results = at_once(
        *[
            lambda order=order: receive_purchase_order(
                order, quantities=dict.fromkeys(line_ids(order), 5)
            )
            for order in orders
        ]
    )

    assert refusals(results) == []
    assert stock_of(orders[0]) == [(20, Decimal(1)), (20, Decimal(1))]


def test_announcements_at_once_stay_within_what_is_open() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    one, other = copies(order)

    results = at_once(
        lambda: announce_shipping_notice(one, quantities={line: 6}),
        lambda: announce_shipping_notice(other, quantities={line: 6}),
    )

    assert refusals(results) == [QuantityNotOpenError]
    assert ShippingNotice.objects.count() == 1


def test_a_receipt_reversed_twice_at_once_is_taken_back_once() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    receive_purchase_order(order, quantities={line: 4})
    (receipt,) = receive_purchase_order(order, quantities={line: 6})
    one, other = (ItemReceipt.objects.get(pk=receipt.pk) for _ in range(2))

    results = at_once(
        lambda: reverse_receipt(one, reason="booked twice"),
        lambda: reverse_receipt(other, reason="booked twice"),
    )

    assert refusals(results) == [ChangedMeanwhileError]
    assert stock_of(order) == [(4, Decimal("2.5"))]
    assert line_counts(order) == [(4, 0)]


def test_of_two_approvals_one_is_told() -> None:
    order = submit_purchase_order(make_purchase_order())
    one, other = copies(order)

    results = at_once(
        lambda: approve_purchase_order(one), lambda: approve_purchase_order(other)
    )

    assert refusals(results) == [ChangedMeanwhileError]
