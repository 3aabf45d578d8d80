"""Announced deliveries: never more than is open, and in their order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inventory.errors import (
    InvalidDateError,
    LinesMissingError,
    NotReceivableError,
    QuantityNotOpenError,
)
from inventory.models import ShippingNotice
from inventory.services.procurement import (
    announce_shipping_notice,
    cancel_shipping_notice,
    create_shipping_notice,
    mark_notice_delivered,
    mark_notice_in_transit,
    receive_purchase_order,
    submit_shipping_notice,
)
from stateset.lib.states import InvalidTransitionError
from tests.inventory.procurement.builders import (
    line_ids,
    make_purchase_order,
    make_sent_order,
)

pytestmark = pytest.mark.django_db


def test_a_delivery_is_announced_shipped_and_delivered() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    left = datetime(2026, 11, 20, 6, tzinfo=UTC)
    arrived = datetime(2026, 11, 22, 6, tzinfo=UTC)

    notice = announce_shipping_notice(order, quantities={line: 6}, carrier="DHL")
    assert (notice.status, notice.items.get().quantity_expected) == ("submitted", 6)
    mark_notice_in_transit(notice, tracking_number="JJD01", shipped_at=left)
    mark_notice_delivered(notice, at=arrived)

    notice.refresh_from_db()
    assert notice.status == "delivered"
    assert (notice.carrier, notice.tracking_number) == ("DHL", "JJD01")
    assert (notice.shipped_at, notice.delivered_at) == (left, arrived)


def test_announcements_together_stay_within_what_is_open() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    sku = order.items.get().variant.sku
    receive_purchase_order(order, quantities={line: 2})
    announce_shipping_notice(order, quantities={line: 5})

    with pytest.raises(QuantityNotOpenError) as refused:
        announce_shipping_notice(order, quantities={line: 4})

    assert refused.value.why == f"{sku}: 4 announced, 3 open"
    assert ShippingNotice.objects.count() == 1
    announce_shipping_notice(order, quantities={line: 3})


def test_what_a_notice_brought_or_lost_may_be_announced_again() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)
    first = announce_shipping_notice(order, quantities={line: 10})
    receive_purchase_order(
        order, quantities={line: 6}, rejected={line: 4}, shipping_notice=first
    )
    second = announce_shipping_notice(order, quantities={line: 4})
    cancel_shipping_notice(second, reason="lost")

    third = announce_shipping_notice(order, quantities={line: 4})

    assert third.status == "submitted"


def test_a_draft_notice_announces_nothing_until_it_has_lines() -> None:
    order = make_sent_order(10)
    notice = create_shipping_notice(order, quantities={})

    with pytest.raises(LinesMissingError) as refused:
        submit_shipping_notice(notice)

    assert str(refused.value) == (
        f"Shipping notice {notice} was not announced.\n"
        "  why: it has no lines\n"
        "  fix: add at least one line"
    )


def test_a_draft_notice_starts_with_all_that_may_still_come() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    receive_purchase_order(order, quantities={first: 3})
    announce_shipping_notice(order, quantities={first: 2, second: 4})

    notice = create_shipping_notice(order)

    assert dict(
        notice.items.values_list("purchase_order_item_id", "quantity_expected")
    ) == {first: 5}


def test_nothing_is_announced_for_an_order_that_was_not_sent() -> None:
    order = make_purchase_order(10)

    with pytest.raises(NotReceivableError):
        announce_shipping_notice(order, quantities={line_ids(order)[0]: 1})

    assert not ShippingNotice.objects.exists()


def test_goods_in_transit_have_a_tracking_number() -> None:
    order = make_sent_order(10)
    notice = announce_shipping_notice(order, quantities={line_ids(order)[0]: 6})

    with pytest.raises(NotReceivableError) as refused:
        mark_notice_in_transit(notice)

    assert str(refused.value) == (
        f"Shipping notice {notice} was not put in transit.\n"
        "  why: it has no tracking number\n"
        "  fix: give the tracking number of the carrier"
    )


def test_goods_do_not_arrive_before_they_left() -> None:
    order = make_sent_order(10)
    notice = announce_shipping_notice(
        order,
        quantities={line_ids(order)[0]: 6},
        shipped_at=datetime(2026, 11, 20, 6, tzinfo=UTC),
    )

    with pytest.raises(InvalidDateError) as refused:
        mark_notice_delivered(notice, at=datetime(2026, 11, 19, 6, tzinfo=UTC))

    assert refused.value.why == (
        "it left the supplier at 2026-11-20 06:00, later than 2026-11-19 06:00"
    )


def test_goods_on_the_road_are_not_cancelled() -> None:
    order = make_sent_order(10)
    notice = announce_shipping_notice(order, quantities={line_ids(order)[0]: 6})
    mark_notice_in_transit(notice, tracking_number="JJD01")

    with pytest.raises(InvalidTransitionError):
        cancel_shipping_notice(notice, reason="not coming")
