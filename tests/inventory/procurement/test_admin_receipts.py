"""The pages of purchasing: what staff type, press and read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.models import (
    ItemReceipt,
    ShippingNotice,
    ShippingNoticeItem,
    StockLevel,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    receive_purchase_order,
)
from tests.inventory.builders import make_location, make_variant
from tests.inventory.pages import buttons, listed
from tests.inventory.procurement.builders import (
    line_counts,
    line_ids,
    make_sent_order,
    stock_of,
)
from tests.pages import (
    act,
    add_url,
    change_url,
    landed_on,
    list_url,
    refusals,
    save,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def test_a_notice_starts_with_what_is_open_and_is_announced() -> None:
    order = make_sent_order(10, 4)
    first = line_ids(order)[0]
    browser = staff()

    response = save(
        browser, add_url(ShippingNotice), purchase_order=order.pk, carrier="DHL"
    )
    notice = ShippingNotice.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (notice.status, notice.items.count()) == ("draft", 2)

    save(
        browser,
        change_url(notice),
        items__0__quantity_expected="6",
        items__1__DELETE="on",
    )
    act(browser, notice, "announce")
    act(browser, notice, "transit", tracking_number="JJD01", carrier="DHL")
    response = act(
        browser,
        notice,
        "receive",
        **{f"good_{first}": "6", "location": order.ship_to_id},
    )

    notice.refresh_from_db()
    assert notice.status == "completed"
    assert line_counts(order) == [(6, 0), (0, 0)]
    assert stock_of(order)[0][0] == 6
    assert told(response) == [
        f"6 units are in stock by receipt {ItemReceipt.objects.get()}."
    ]


def test_a_notice_is_delivered_or_cancelled_by_its_buttons() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    coming = announce_shipping_notice(order, quantities={first: 1})
    lost = announce_shipping_notice(order, quantities={second: 1})
    browser = staff()

    act(browser, coming, "deliver")
    act(browser, lost, "cancel", reason="never sent")

    coming.refresh_from_db()
    lost.refresh_from_db()
    assert (coming.status, lost.status) == ("delivered", "cancelled")
    shown = browser.get(list_url(ShippingNotice), {"preset": "coming"})
    assert listed(shown) == [str(coming)]
    assert browser.get(list_url(ShippingNoticeItem)).status_code == 200


def test_opening_stock_is_received_by_hand() -> None:
    variant, location = make_variant(), make_location()

    response = save(
        staff(),
        add_url(ItemReceipt),
        variant=variant.pk,
        location=location.pk,
        quantity="12",
        unit_cost="1.25",
    )

    level = StockLevel.objects.get()
    assert response.redirect_chain, refusals(response)
    assert landed_on(response) == change_url(ItemReceipt.objects.get())
    assert (level.on_hand, level.average_cost) == (12, Decimal("1.25"))
    assert ItemReceipt.objects.get().purchase_order is None


def test_a_line_of_an_order_is_received_by_hand() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)

    response = save(
        staff(),
        add_url(ItemReceipt),
        purchase_order_item=line,
        location=order.ship_to_id,
        quantity="4",
        quantity_rejected="1",
    )

    assert response.redirect_chain, refusals(response)
    assert line_counts(order) == [(4, 1)]
    assert ItemReceipt.objects.get().purchase_order == order


@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({}, "variant", "Needed for stock without an order."),
        ({}, "unit_cost", "Needed for stock without an order."),
        ({"quantity_rejected": "1"}, "quantity_rejected", "Nothing is rejected"),
        ({"order": True, "unit_cost": "1"}, "purchase_order_item", "The order says"),
    ],
)
def test_a_receipt_by_hand_says_what_it_lacks(typed, field, error) -> None:
    if typed.pop("order", False):
        typed["purchase_order_item"] = line_ids(make_sent_order(10))[0]

    response = save(
        staff(),
        add_url(ItemReceipt),
        location=make_location().pk,
        quantity="1",
        **typed,
    )

    (told_there,) = response.context["adminform"].form.errors[field]
    assert told_there.startswith(error)
    assert not ItemReceipt.objects.exists()


def test_a_receipt_keeps_all_but_its_notes_and_is_reversed() -> None:
    order = make_sent_order(10)
    (receipt,) = receive_purchase_order(order, quantities={line_ids(order)[0]: 10})
    browser = staff()

    save(browser, change_url(receipt), notes="two crates", quantity="99")
    response = act(browser, receipt, "reverse", reason="booked twice")

    receipt.refresh_from_db()
    assert (receipt.notes, receipt.quantity) == ("two crates", 10)
    assert receipt.status == "reversed"
    assert told(response) == [
        f"Receipt {receipt} is reversed; its units left the stock."
    ]
    assert buttons(browser.get(change_url(receipt))) == []
