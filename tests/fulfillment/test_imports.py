"""Shipments as files bring them in, and bring them again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment.models import Shipment
from inventory.models import StockTransaction
from orders.models import Order
from tests.orders.builders import make_order
from tests.stateset.system.importing.builders import import_rows, problems_in

pytestmark = pytest.mark.django_db

COLUMNS = "shipment_number,order_number,carrier,shipped_at,delivered_at\n"


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def test_a_shipment_of_the_past_holds_all_of_its_order_and_moves_no_stock() -> None:
    order = make_order()
    moved = StockTransaction.objects.count()
    text = f"{COLUMNS}S1,{order},DHL,2026-11-21,2026-11-22\n"
    import_rows("fulfillment.shipment", text)

    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.shipped_at) == ("delivered", day(21))
    assert [item.quantity for item in shipment.items.all()] == [2]
    order = Order.objects.get()
    assert (order.status, order.fulfillment_status) == ("delivered", "fulfilled")
    assert (order.shipped_at, order.delivered_at) == (day(21), day(22))
    assert StockTransaction.objects.count() == moved

    again = import_rows("fulfillment.shipment", text)
    assert str(again) == "file.csv: 0 new, 0 changed, 1 there already"


def test_a_shipment_under_way_can_arrive_with_a_later_file() -> None:
    order = make_order()
    import_rows("fulfillment.shipment", f"{COLUMNS}S1,{order},DHL,2026-11-21,\n")
    assert Shipment.objects.get().status == "shipped"
    assert Order.objects.get().status == "shipped"

    text = f"{COLUMNS}S1,{order},UPS,2026-11-21,2026-11-22\n"
    import_rows("fulfillment.shipment", text)
    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.carrier) == ("delivered", "UPS")
    assert shipment.delivered_at == day(22)
    assert Order.objects.get().status == "delivered"


def test_when_a_shipment_left_and_arrived_stays() -> None:
    order = make_order()
    text = f"{COLUMNS}S1,{order},DHL,2026-11-21,2026-11-22\n"
    import_rows("fulfillment.shipment", text)
    again = text.replace("11-21", "11-20").replace("11-22", "11-21")
    assert problems_in("fulfillment.shipment", again) == [
        (
            "line 2, shipped_at: '2026-11-20 00:00' can't replace '2026-11-21 00:00';"
            " this column stays as it is once the row is there"
        ),
        (
            "line 2, delivered_at: '2026-11-21 00:00' can't replace '2026-11-22 00:00';"
            " this column stays as it is once the row is there"
        ),
    ]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (",DHL,,", "line 2, shipped_at: is empty; fill it in"),
        (
            ",DHL,soon,",
            (
                "line 2, shipped_at: 'soon' is no date;"
                " write it like 2026-11-23 or 2026-11-23T14:30:00+00:00"
            ),
        ),
        (
            ",DHL,2026-11-22,2026-11-21",
            "line 2: A shipment can't arrive before it left.",
        ),
        (
            f",{'D' * 51},2026-11-22,",
            "line 2, carrier: is 51 characters long; shorten it to 50",
        ),
    ],
)
def test_a_wrong_shipment_is_refused(cells: str, problem: str) -> None:
    order = make_order()
    assert problems_in("fulfillment.shipment", f"{COLUMNS}S1,{order}{cells}\n") == [
        problem
    ]
    assert not Shipment.objects.exists()


def test_an_order_that_was_shipped_already_is_refused() -> None:
    order = make_order()
    text = f"{COLUMNS}S1,{order},DHL,2026-11-21,\n"
    import_rows("fulfillment.shipment", text)
    assert problems_in("fulfillment.shipment", text.replace("S1", "S2")) == [
        (
            f"line 2: Order {order} was not changed to confirmed: it is shipped;"
            " reload the page; from here it can become delivered"
        )
    ]
