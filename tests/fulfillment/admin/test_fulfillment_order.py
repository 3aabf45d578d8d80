from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from fulfillment.models import FulfillmentOrder, Shipment
from fulfillment.services import pack_fulfillment
from orders.models import Order
from orders.services import OrderLine, apply_payment_totals, hold_order
from tests.fulfillment.builders import (
    books,
    lines_of,
    make_packed,
    make_picking,
    make_released,
    make_shipment,
    make_shipped,
    units,
)
from tests.orders.builders import (
    NOON,
    make_confirmed_order,
    make_customer,
    make_order,
    make_stocked_variant,
    make_variant,
)
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def test_adding_releases_an_order() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])

    response = save(
        staff(),
        add_url(FulfillmentOrder),
        order=order.pk,
        priority="7",
        notes="fragile",
    )

    released = FulfillmentOrder.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (released.order, released.priority, released.notes) == (order, 7, "fragile")
    assert books(variant) == (10, 0, 3)


def test_an_order_that_is_not_confirmed_is_refused_over_the_form() -> None:
    order = make_order()

    response = save(staff(), add_url(FulfillmentOrder), order=order.pk, priority="0")

    assert refusals(response) == [
        (
            f"Order {order} was not released to the warehouse. Why: it is pending. "
            "What to do: confirm the order first."
        )
    ]
    assert FulfillmentOrder.objects.count() == 0


def test_an_order_is_released_from_its_own_page() -> None:
    order = make_confirmed_order()

    response = act(staff(), order, "release")

    released = FulfillmentOrder.objects.get()
    assert told(response) == [f"Order {order} goes to the warehouse as {released}."]
    page = staff().get(change_url(order))
    assert released.fulfillment_number in page.content.decode()
    labels = [button["label"] for button in page.context["buttons"]]
    assert "Release to warehouse" not in labels


def test_the_page_that_releases_tells_what_goes_where() -> None:
    customer = make_customer()
    order = make_confirmed_order(
        customer=customer, lines=[OrderLine(make_stocked_variant(sku="TEA"), 3)]
    )
    somewhere = make_confirmed_order(
        customer=make_customer(),
        shipping_address={"line1": "Obere Str. 57", "city": "Berlin"},
    )

    facts = staff().get(action_url(order, "release")).context["facts"]
    there = staff().get(action_url(somewhere, "release")).context["facts"]

    assert facts == [
        ("Ship to", "Ana Trujillo (no address yet: change addresses first)"),
        ("TEA", "3 × Chai"),
    ]
    assert there[0] == ("Ship to", "Ana Trujillo, Obere Str. 57, Berlin")


def test_the_page_of_an_order_says_what_is_in_which_shipment() -> None:
    order = make_confirmed_order(
        lines=[OrderLine(make_stocked_variant(sku=sku), 3) for sku in ("TEA", "TOFU")]
    )
    tea, tofu = lines_of(order)
    packed = make_packed(order)
    make_shipment(packed, quantities={tofu: 1, tea: 2})

    page = staff().get(change_url(order)).content.decode()

    assert "2 × TEA, 1 × TOFU" in page


def test_an_order_is_closed_short_from_its_own_page() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(sku="TEA"), 5)])
    (line,) = lines_of(order)
    browser = staff()
    apply_payment_totals(order, paid=Decimal(50), refunded=Decimal(0))
    labels = [
        each["label"] for each in browser.get(change_url(order)).context["buttons"]
    ]
    assert "Close short" not in labels
    make_shipped(pack_fulfillment(make_picking(order), quantities={line: 3}))

    facts = browser.get(action_url(order, "close-short")).context["facts"]
    said = told(act(browser, order, "close-short", reason="out of print"))

    assert facts == [("TEA", "2 of 5 given up")]
    assert said == [
        (
            f"Order {order} is shipped without the rest."
            " 20.00 USD too much was paid: refund it."
        )
    ]


def test_services_are_completed_from_the_page_of_their_order() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_variant(is_stocked=False), 1)])

    response = act(staff(), order, "complete")

    assert told(response) == [f"Order {order} is delivered; it has only services."]
    order.refresh_from_db()
    assert order.status == Order.Status.DELIVERED


def test_a_pick_is_begun_packed_and_put_into_a_parcel() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    released = make_released(order)
    (line,) = lines_of(order)
    browser = staff()

    assert told(act(browser, released, "pick")) == [f"{released} is yours to pick."]
    said = told(act(browser, released, "pack", **{f"units_{line}": "4"}))
    sku = order.items.get().sku
    assert said == [f"{released} is packed (missing: 1 of line 1 ({sku}))."]

    response = act(
        browser,
        released,
        "ship",
        carrier="UPS",
        tracking_number="1Z999",
        package_count="1",
        shipping_cost="8.50",
        estimated_delivery_at="2026-11-25T12:00",
        **{f"units_{line}": "3"},
    )

    shipment = Shipment.objects.get()
    assert told(response) == [
        f"Shipment {shipment} is made; ship it when the carrier has it."
    ]
    assert units(shipment) == {line: 3}
    assert shipment.estimated_delivery_at == NOON + timedelta(days=5)


def test_the_form_of_a_parcel_offers_what_is_in_no_other() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    make_shipment(packed, quantities={line: 3})

    form = staff().get(action_url(packed, "ship")).context["form"]

    assert next(iter(form.fields)) == f"units_{line}"
    assert form.fields[f"units_{line}"].initial == 2
    assert form.fields[f"units_{line}"].max_value == 2


def test_buttons_are_what_may_be_done_now() -> None:
    browser = staff()

    def labels(row: FulfillmentOrder) -> list[str]:
        buttons = browser.get(change_url(row)).context["buttons"]
        return [button["label"] for button in buttons]

    assert labels(make_released()) == ["Start picking", "Cancel", "Pick list"]
    assert labels(make_picking()) == [
        "Put back in queue",
        "Pack",
        "Cancel",
        "Pick list",
    ]
    packed = make_packed()
    assert labels(packed) == ["Create shipment", "Cancel", "Pick list"]
    make_shipment(packed)
    assert labels(packed) == ["Cancel", "Pick list"]


def test_a_held_order_is_not_picked() -> None:
    order = make_confirmed_order()
    released = make_released(order)
    hold_order(order, reason="address unclear")

    page = staff().get(action_url(released, "pick"))

    assert page.context["reason"] == f"order {order} is on hold"


def test_cancelling_asks_for_a_reason_and_keeps_the_stock_for_the_order() -> None:
    released = make_released()

    response = act(staff(), released, "cancel", reason="wrong warehouse")

    assert told(response) == [
        f"{released} is cancelled; its stock stays reserved for order {released.order}."
    ]
    released.refresh_from_db()
    assert (released.status, released.status_reason) == ("cancelled", "wrong warehouse")


def test_the_queue_shows_urgent_ones_first() -> None:
    early = make_released(ship_by=NOON)
    late = make_released(ship_by=NOON + timedelta(days=1))
    urgent = make_released(ship_by=NOON + timedelta(days=2), priority=9)
    make_picking()

    page = staff().get(list_url(FulfillmentOrder), {"preset": "to_pick"})

    assert list(page.context["cl"].result_list) == [urgent, early, late]


def test_a_pick_is_found_by_its_order_and_by_tracking_number() -> None:
    order = make_confirmed_order()
    packed = make_packed(order)
    make_shipment(packed, tracking_number="1Z999")
    make_released()
    browser = staff()

    for term in (order.order_number, "1Z999", packed.fulfillment_number):
        page = browser.get(list_url(FulfillmentOrder), {"q": term})
        assert list(page.context["cl"].result_list) == [packed]


def test_priority_is_changed_while_it_is_open_and_the_rest_is_not_typed() -> None:
    released = make_released()

    save(staff(), change_url(released), priority="3", status="shipped")

    released.refresh_from_db()
    assert (released.priority, released.status, released.version) == (3, "pending", 2)


def test_the_pick_list_says_what_to_pick() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 3)])
    released = make_released(order)
    sku = order.items.get().sku

    page = staff().get(f"{change_url(released)[: -len('change/')]}paper/pick-list/")

    text = page.content.decode()
    assert page.status_code == 200
    assert f"Pick list {released}" in text
    assert sku in text
    assert '<td class="number">3</td>' in text
