from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from fulfillment.models import Shipment, ShipmentItem, TrackingEvent
from fulfillment.services import (
    deliver_shipment,
    record_tracking,
    register_inbound_shipment,
)
from orders.services import OrderLine
from tests.fulfillment.builders import (
    books,
    make_packed,
    make_ready,
    make_shipment,
    make_shipped,
)
from tests.orders.builders import (
    NOON,
    default_location,
    make_confirmed_order,
    make_order,
    make_stocked_variant,
)
from tests.pages import (
    act,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def paper_url(row: Shipment, name: str) -> str:
    return f"{change_url(row)[: -len('change/')]}paper/{name}/"


def test_adding_makes_a_parcel_of_what_is_packed() -> None:
    packed = make_packed()

    response = save(
        staff(),
        add_url(Shipment),
        fulfillment_order=packed.pk,
        carrier="DHL",
        tracking_number="JD1",
        package_count="2",
        shipping_cost="4.90",
    )

    shipment = Shipment.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (shipment.carrier, shipment.package_count) == ("DHL", 2)
    assert shipment.items.get().quantity == 2


def test_a_parcel_of_nothing_packed_is_refused_over_the_form() -> None:
    packed = make_packed()
    make_shipment(packed)

    response = save(
        staff(),
        add_url(Shipment),
        fulfillment_order=packed.pk,
        package_count="1",
        shipping_cost="0",
    )

    assert refusals(response) == [
        (
            f"No shipment was made of {packed}. Why: everything packed is in a"
            " shipment already. What to do: look at its shipments, or give at least"
            " one unit."
        )
    ]


def test_a_parcel_is_readied_shipped_and_scanned() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    shipment = make_shipment(make_packed(order))
    browser = staff()

    assert told(act(browser, shipment, "ready")) == [
        f"Shipment {shipment} waits for the carrier."
    ]
    assert told(act(browser, shipment, "ship")) == [f"Shipment {shipment} has left."]
    assert books(variant) == (7, 0, 0)
    moment = f"{timezone.now() + timedelta(minutes=5):%Y-%m-%dT%H:%M}"
    scan = {"status": "in_transit", "occurred_at": moment, "place": "Köln"}
    said = told(act(browser, shipment, "scan", **scan))
    assert said == [f"Shipment {shipment} is in transit."]
    event = TrackingEvent.objects.get()
    assert (event.source, event.place) == ("manual", "Köln")
    assert told(act(browser, shipment, "deliver")) == [
        f"Shipment {shipment} has arrived."
    ]
    order.refresh_from_db()
    assert order.status == "delivered"


def test_an_old_scan_is_kept_and_said_to_be_no_news() -> None:
    shipment = make_shipped()
    record_tracking(
        shipment, status="out_for_delivery", occurred_at=NOON + timedelta(hours=5)
    )

    response = act(
        staff(),
        shipment,
        "scan",
        status="in_transit",
        occurred_at="2026-11-20T14:00",
    )

    assert told(response) == [
        (
            f"The scan of shipment {shipment} is kept; the shipment stays"
            " out for delivery, for it is not news."
        )
    ]


def test_a_customers_parcel_is_not_shipped_here_but_scanned() -> None:
    inbound = register_inbound_shipment(make_order(), location=default_location())

    buttons = staff().get(change_url(inbound)).context["buttons"]

    assert [button["label"] for button in buttons] == [
        "Record tracking scan",
        "Mark delivered",
        "Cancel",
        "Packing slip",
    ]


def test_cancelling_a_parcel_asks_for_a_reason() -> None:
    shipment = make_ready()

    response = act(staff(), shipment, "cancel", reason="box too small")

    assert told(response) == [
        f"Shipment {shipment} is cancelled; its goods stay packed."
    ]


def test_the_label_changes_until_the_parcel_has_left() -> None:
    here, gone = make_shipment(), make_shipped(tracking_number="1Z1")
    browser = staff()

    save(browser, change_url(here), tracking_number="1Z2")
    save(browser, change_url(gone), tracking_number="1Z3", notes="call first")

    here.refresh_from_db()
    gone.refresh_from_db()
    assert here.tracking_number == "1Z2"
    assert (gone.tracking_number, gone.notes) == ("1Z1", "call first")
    assert "tracking_number" not in shown(browser, change_url(gone))


def test_a_tracking_number_in_use_is_refused_over_the_form() -> None:
    make_shipment(tracking_number="1Z1")
    other = make_shipment()

    response = save(staff(), change_url(other), tracking_number="1Z1")

    assert refusals(response) == ["A shipment has this tracking number already."]


def test_lists_show_what_waits_moves_and_is_late() -> None:
    waiting = make_ready()
    late = make_shipped(estimated_delivery_at=NOON)
    moving = make_shipped(estimated_delivery_at=timezone.now() + timedelta(days=1))
    deliver_shipment(make_shipped(), at=NOON)
    coming = register_inbound_shipment(make_order(), location=default_location())
    browser = staff()

    def tab(name: str) -> list[Shipment]:
        page = browser.get(list_url(Shipment), {"preset": name})
        return sorted(page.context["cl"].result_list, key=lambda row: row.pk)

    assert tab("to_send") == [waiting]
    assert tab("under_way") == [late, moving]
    assert tab("late") == [late]
    assert tab("expected") == [coming]


def test_contents_and_scans_are_found_and_only_read() -> None:
    shipment = make_shipped(tracking_number="1Z9")
    record_tracking(shipment, status="in_transit", occurred_at=NOON)
    make_shipped()
    browser = staff()

    for model in (ShipmentItem, TrackingEvent):
        page = browser.get(list_url(model), {"q": "1Z9"})
        assert [row.shipment for row in page.context["cl"].result_list] == [shipment]
        assert browser.get(add_url(model)).status_code == 403


def test_the_packing_slip_says_what_goes_to_whom() -> None:
    order = make_confirmed_order(
        lines=[OrderLine(make_stocked_variant(10), 3)],
        shipping_address={
            "name": "Ana <b>Trujillo</b>",
            "line1": "Obere Str. 57",
            "city": "Berlin",
            "country_code": "DE",
        },
    )
    shipment = make_shipment(make_packed(order), tracking_number="1Z999")

    text = staff().get(paper_url(shipment, "packing-slip")).content.decode()

    assert f"<h1>Packing slip {shipment}</h1>" in text
    assert "Ana &lt;b&gt;Trujillo&lt;/b&gt;" in text
    assert "1Z999" in text
    assert order.items.get().sku in text
    assert '<td class="number">3</td>' in text
    assert "style=" not in text


def test_a_paper_is_shown_to_who_may_see_the_shipment() -> None:
    shipment = make_shipment()
    user = make_user()
    browser = Client()
    browser.force_login(user)

    assert browser.get(paper_url(shipment, "packing-slip")).status_code == 403
    permission = Permission.objects.get(codename="view_shipment")
    user.user_permissions.add(permission)
    assert browser.get(paper_url(shipment, "packing-slip")).status_code == 200
    assert browser.get(paper_url(shipment, "invoice")).status_code == 404
