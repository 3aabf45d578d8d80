"""Goods that come in: stock, cost, lines, notices, status; and taking them back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import (
    InvalidDateError,
    InvalidQuantityError,
    NotReceivableError,
    QuantityNotOpenError,
    ReceiptNotReversibleError,
    UnknownLineError,
)
from inventory.models import ItemReceipt, ReferenceType, StockLevel, StockTransaction
from inventory.services.procurement import (
    PurchaseLine,
    announce_shipping_notice,
    cancel_shipping_notice,
    close_purchase_order,
    mark_notice_in_transit,
    receive_opening_stock,
    receive_purchase_order,
    reverse_receipt,
)
from inventory.services.stock import reserve_stock
from stateset.lib.journal import acting
from stateset.lib.states import InvalidTransitionError
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    make_variant,
)
from tests.inventory.procurement.builders import (
    line_counts,
    line_ids,
    make_purchase_order,
    make_sent_order,
    stock_of,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_full_delivery_is_booked_and_the_order_is_received() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    keeper = make_user()
    when = datetime(2026, 11, 12, 7, tzinfo=UTC)

    with acting(actor_id=str(keeper.pk)):
        receipts = receive_purchase_order(
            order, quantities={first: 10, second: 4}, at=when
        )

    assert order.status == "received"
    assert stock_of(order) == [(10, Decimal("2.5")), (4, Decimal("2.5"))]
    assert line_counts(order) == [(10, 0), (4, 0)]
    assert {receipt.receipt_number for receipt in receipts} == {"RCV-2026-000001"}
    assert {(r.received_at, r.received_by_id) for r in receipts} == {(when, keeper.pk)}
    entry = StockTransaction.objects.get(idempotency_key=f"receipt:{receipts[0].pk}")
    assert entry.reference_type == ReferenceType.ITEM_RECEIPT
    assert entry.reference_id == receipts[0].pk
    assert (entry.transaction_type, entry.occurred_at) == ("receive", when)


def test_deliveries_add_up_until_the_order_is_received() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)

    receive_purchase_order(order, quantities={line: 3})
    assert order.status == "partially_received"
    receive_purchase_order(order, quantities={line: 3})
    assert order.status == "partially_received"
    receive_purchase_order(order, quantities={line: 4})
    assert order.status == "received"

    assert ItemReceipt.objects.values("receipt_number").distinct().count() == 3
    assert stock_of(order) == [(10, Decimal("2.5"))]


def test_cost_of_a_delivery_enters_the_moving_average() -> None:
    level = make_level(on_hand=30, unit_cost=Decimal(2))
    order = make_sent_order(
        ship_to=level.location, lines=[PurchaseLine(level.variant, 10, Decimal(6))]
    )

    receive_purchase_order(order, quantities={line_ids(order)[0]: 10})

    assert stock_of(order) == [(40, Decimal(3))]


def test_rejected_units_are_recorded_and_stay_open() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)

    (receipt,) = receive_purchase_order(order, quantities={line: 7}, rejected={line: 3})

    assert (receipt.quantity, receipt.quantity_rejected) == (7, 3)
    assert stock_of(order) == [(7, Decimal("2.5"))]
    assert line_counts(order) == [(7, 3)]
    assert order.status == "partially_received"
    receive_purchase_order(order, quantities={line: 3})
    assert order.status == "received"


def test_a_delivery_rejected_whole_leaves_the_order_as_it_was() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)

    (receipt,) = receive_purchase_order(order, quantities={}, rejected={line: 10})

    assert order.status == "ordered"
    assert stock_of(order) == [(0, Decimal(0))]
    assert not StockTransaction.objects.exists()
    reverse_receipt(receipt, reason="they were good after all")
    assert line_counts(order) == [(0, 0)]


def test_more_than_is_open_is_refused_and_nothing_changed() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    sku = order.items.get(pk=second).variant.sku

    with pytest.raises(QuantityNotOpenError) as refused:
        receive_purchase_order(
            order, quantities={first: 10, second: 4}, rejected={second: 1}
        )

    assert str(refused.value) == (
        f"Nothing was received on purchase order {order}.\n"
        f"  why: 5 of {sku} came, 4 are open on line 2\n"
        "  fix: receive at most what is open; order the rest first"
    )
    order.refresh_from_db()
    assert order.status == "ordered"
    assert line_counts(order) == [(0, 0), (0, 0)]
    assert not ItemReceipt.objects.exists()
    assert not StockTransaction.objects.exists()


@pytest.mark.parametrize(
    ("quantity", "why"), [(0, "every quantity is 0"), (-1, "a quantity is below zero")]
)
def test_a_delivery_of_nothing_is_refused(quantity, why) -> None:
    order = make_sent_order(10)

    with pytest.raises(InvalidQuantityError) as refused:
        receive_purchase_order(order, quantities={line_ids(order)[0]: quantity})

    assert refused.value.why == why


def test_a_line_of_another_order_is_refused() -> None:
    order = make_sent_order(10)

    with pytest.raises(UnknownLineError) as refused:
        receive_purchase_order(order, quantities={uuid7(): 1})

    assert refused.value.why == "1 of the 1 lines named are not its own"


def test_goods_come_in_on_sent_orders_only() -> None:
    order = make_purchase_order(10)

    with pytest.raises(NotReceivableError) as refused:
        receive_purchase_order(order, quantities={line_ids(order)[0]: 1})

    assert str(refused.value) == (
        f"Nothing was received on purchase order {order}.\n"
        f"  why: purchase order {order} is draft\n"
        "  fix: goods come in on orders that were sent and are not all received"
    )


def test_a_service_is_received_without_stock() -> None:
    service = make_variant(is_stocked=False)
    order = make_sent_order(lines=[PurchaseLine(service, 2, Decimal(80))])

    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 2})

    assert order.status == "received"
    assert not StockLevel.objects.exists()
    reverse_receipt(receipt, reason="not done yet")
    order.refresh_from_db()
    assert order.status == "ordered"


def test_receiving_on_a_notice_delivers_and_completes_it() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    notice = announce_shipping_notice(order, quantities={line: 6})

    receive_purchase_order(
        order, quantities={line: 4}, rejected={line: 1}, shipping_notice=notice
    )
    assert notice.status == "delivered"
    receive_purchase_order(order, quantities={line: 1}, shipping_notice=notice)

    item = notice.items.get()
    assert notice.status == "completed"
    assert (item.quantity_received, item.quantity_rejected) == (5, 1)
    assert order.status == "partially_received"


def test_more_than_the_notice_announced_is_refused_and_nothing_changed() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    sku = order.items.get().variant.sku
    notice = announce_shipping_notice(order, quantities={line: 6})

    with pytest.raises(QuantityNotOpenError) as refused:
        receive_purchase_order(order, quantities={line: 7}, shipping_notice=notice)

    assert str(refused.value) == (
        f"Nothing was received on purchase order {order}.\n"
        f"  why: 7 of {sku} came, 6 are open on the shipping notice\n"
        "  fix: receive the rest on the order, without the notice"
    )
    notice.refresh_from_db()
    assert notice.status == "submitted"
    assert line_counts(order) == [(0, 0)]


def test_a_cancelled_notice_and_one_of_another_order_bring_nothing() -> None:
    order = make_sent_order(10)
    other = make_sent_order(10)
    cancelled = announce_shipping_notice(order, quantities={line_ids(order)[0]: 6})
    cancel_shipping_notice(cancelled, reason="not coming")
    strange = announce_shipping_notice(other, quantities={line_ids(other)[0]: 6})

    with pytest.raises(NotReceivableError):
        receive_purchase_order(
            order, quantities={line_ids(order)[0]: 1}, shipping_notice=cancelled
        )
    with pytest.raises(UnknownLineError):
        receive_purchase_order(
            order, quantities={line_ids(order)[0]: 1}, shipping_notice=strange
        )


def test_a_line_that_is_not_on_the_notice_is_refused() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    sku = order.items.get(pk=second).variant.sku
    notice = announce_shipping_notice(order, quantities={first: 6})

    with pytest.raises(QuantityNotOpenError) as refused:
        receive_purchase_order(order, quantities={second: 1}, shipping_notice=notice)

    assert refused.value.why == f"{sku} is not on shipping notice {notice}"


def test_opening_stock_is_a_receipt_without_an_order() -> None:
    variant, location = make_variant(), make_location()

    receipt = receive_opening_stock(
        variant=variant, location=location, quantity=5, unit_cost=Decimal("1.25")
    )

    entry = StockTransaction.objects.get()
    assert (entry.reference_type, entry.reference_id) == ("opening", receipt.pk)
    level = StockLevel.objects.get()
    assert (level.on_hand, level.average_cost) == (5, Decimal("1.25"))
    reverse_receipt(receipt, reason="entered twice")
    level.refresh_from_db()
    assert level.on_hand == 0


def test_a_reversed_receipt_opens_its_line_its_order_and_its_notice_again() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    receive_purchase_order(order, quantities={line: 4})
    notice = announce_shipping_notice(order, quantities={line: 6})
    (receipt,) = receive_purchase_order(
        order, quantities={line: 6}, shipping_notice=notice
    )
    assert (order.status, notice.status) == ("received", "completed")

    reverse_receipt(receipt, reason="booked twice")

    order.refresh_from_db()
    notice.refresh_from_db()
    assert (receipt.status, receipt.status_reason) == ("reversed", "booked twice")
    assert (order.status, notice.status) == ("partially_received", "delivered")
    assert line_counts(order) == [(4, 0)]
    assert stock_of(order) == [(4, Decimal("2.5"))]
    entry = StockTransaction.objects.latest("id")
    assert (entry.transaction_type, entry.on_hand_delta) == ("adjust", -6)
    assert (entry.reference_id, entry.reason) == (receipt.pk, "booked twice")


def test_a_reversal_takes_its_cost_out_of_the_average() -> None:
    level = make_level(on_hand=10, unit_cost=Decimal(10))
    order = make_sent_order(
        ship_to=level.location, lines=[PurchaseLine(level.variant, 10, Decimal(1000))]
    )
    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 10})
    assert stock_of(order) == [(20, Decimal(505))]

    reverse_receipt(receipt, reason="a slip of the pen")

    assert stock_of(order) == [(10, Decimal(10))]


def test_units_promised_meanwhile_keep_their_receipt() -> None:
    order = make_sent_order(10, ship_to=make_location(code="MAIN"))
    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 10})
    level = StockLevel.objects.get()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, 3)],
        reference=make_reference(),
    )

    with pytest.raises(ReceiptNotReversibleError) as refused:
        reverse_receipt(receipt, reason="booked twice")

    assert str(refused.value) == (
        f"Receipt {receipt} was not reversed.\n"
        f"  why: of its 10 units of {level.variant.sku} only 7 are still available"
        " at MAIN\n"
        "  fix: release what they are promised to, or count the stock instead"
    )
    order.refresh_from_db()
    level.refresh_from_db()
    assert order.status == "received"
    assert level.on_hand == 10
    assert ItemReceipt.objects.get().status == "posted"


def test_a_receipt_is_reversed_once() -> None:
    order = make_sent_order(10)
    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 10})
    reverse_receipt(receipt, reason="booked twice")

    with pytest.raises(InvalidTransitionError):
        reverse_receipt(receipt, reason="booked twice")

    assert stock_of(order) == [(0, Decimal("2.5"))]


def test_a_closed_order_stays_closed_when_a_receipt_is_reversed() -> None:
    order = make_sent_order(10)
    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 4})
    close_purchase_order(order, reason="the supplier has no more")

    reverse_receipt(receipt, reason="booked twice")

    order.refresh_from_db()
    assert order.status == "closed"
    assert line_counts(order) == [(0, 0)]


def test_a_notice_in_transit_is_received_too() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    notice = announce_shipping_notice(order, quantities={line: 6})
    mark_notice_in_transit(notice, tracking_number="1Z999")

    receive_purchase_order(order, quantities={line: 6}, shipping_notice=notice)

    assert notice.status == "completed"


def test_goods_that_are_still_to_come_are_not_received() -> None:
    order = make_sent_order(10)
    tomorrow = timezone.now() + timedelta(days=1)

    with pytest.raises(InvalidDateError, match="Nothing was received"):
        receive_purchase_order(order, quantities={line_ids(order)[0]: 1}, at=tomorrow)

    assert not ItemReceipt.objects.exists()
