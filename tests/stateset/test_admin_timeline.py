"""The page of a document tells what happened to it, to whoever may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfillment.services import create_shipment
from orders.models import Order
from stateset.lib.admin.timeline import SHOWN
from stateset.system.services import record_event, record_events
from tests.fulfillment.builders import make_packed, make_picking
from tests.orders.builders import make_confirmed_order, make_customer, make_order
from tests.pages import act, browser_of, change_url, staff
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

VIEW_ORDER = "view_order"


def reader(*codenames: str) -> Client:
    """Return the browser of somebody who may only read what is named."""
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return browser_of(user)


def told_on(page: Any) -> list[str]:
    """Return what a page tells, newest first, with the document it is about."""
    return [
        f"{entry.part.kind}: {entry.words}" if entry.part else entry.words
        for entry in page.context["timeline"].entries
    ]


def text_of(page: Any) -> str:
    html = page.content.decode()
    return " ".join(html[html.index('id="timeline"') :].split())


def test_it_tells_who_did_what_when_and_why() -> None:
    order = make_order()
    ana = browser_of(make_user(name="Ana Trujillo", is_superuser=True))
    act(ana, order, "hold", reason="address is wrong")

    page = ana.get(change_url(order))

    newest = page.context["timeline"].entries[0]
    assert (newest.words, newest.by, newest.reason) == (
        "Held",
        "Ana Trujillo",
        "address is wrong",
    )
    assert "Pending" in newest.was
    assert "On hold" in newest.now
    text = text_of(page)
    assert "<strong>Held</strong>" in text
    assert "by Ana Trujillo, <time" in text
    assert "“address is wrong”" in text
    assert told_on(page) == ["Held", "Placed"]


def test_a_reason_that_only_the_document_keeps_is_told_too() -> None:
    pick, browser = make_picking(), staff()
    line = pick.order.items.get()
    act(browser, pick, "pack", **{f"units_{line.pk}": str(line.quantity - 1)})

    newest = browser.get(change_url(pick)).context["timeline"].entries[0]

    pick.refresh_from_db()
    assert pick.status_reason
    assert (newest.words, newest.reason) == ("Packed", pick.status_reason)


def test_an_order_tells_of_its_parcels_with_their_numbers() -> None:
    packed = make_packed()
    order = packed.order
    shipment = create_shipment(packed)

    page = staff().get(change_url(order))

    assert told_on(page)[0] == "Shipment: Created"
    assert "Fulfilment order: Packed" in told_on(page)
    assert page.context["timeline"].entries[0].part.name == str(shipment)
    assert change_url(shipment) in text_of(page)


def test_parcels_are_told_only_to_who_may_see_parcels() -> None:
    order = make_packed().order

    assert {"Placed", "Confirmed", "Processing"} == set(
        told_on(reader(VIEW_ORDER).get(change_url(order)))
    )
    both = told_on(reader(VIEW_ORDER, "view_fulfillmentorder").get(change_url(order)))
    assert "Fulfilment order: Packed" in both


def test_events_and_audit_are_linked_for_who_may_read_them() -> None:
    order = make_order()
    url = f"?q={order.pk}"

    without = reader(VIEW_ORDER).get(change_url(order))
    with_both = reader(VIEW_ORDER, "view_event", "view_auditentry")

    assert without.context["timeline"].links == []
    links = with_both.get(change_url(order)).context["timeline"].links
    assert links == [
        ("All events", f"/admin/system/event/{url}"),
        ("Audit log", f"/admin/system/auditentry/{url}"),
    ]
    for _, address in links:
        found = with_both.get(address).context["cl"].result_list
        assert str(order.pk) in {
            str(getattr(row, "aggregate_id", "") or row.resource_id) for row in found
        }


def test_only_the_newest_are_told_and_the_page_says_so() -> None:
    order = make_order()
    record_events([(order, {"n": n}) for n in range(SHOWN)], "order.changed")

    page = staff().get(change_url(order))

    assert len(told_on(page)) == SHOWN
    assert "Placed" not in told_on(page)
    assert "These are the newest; there are more." in text_of(page)


def test_many_events_cost_no_more_questions_than_one() -> None:
    order = make_confirmed_order()
    browser = staff()
    browser.get(change_url(order))
    with CaptureQueriesContext(connection) as few:
        browser.get(change_url(order))
    record_events([(order, {"n": n}) for n in range(30)], "order.changed")
    with CaptureQueriesContext(connection) as many:
        browser.get(change_url(order))

    assert len(many) == len(few)


def test_what_people_typed_is_shown_as_text() -> None:
    order = make_order()
    record_event(
        order, "order.changed", {"reason": "<script>x</script>", "to": "{{x}}"}
    )

    text = text_of(staff().get(change_url(order)))

    assert "“&lt;script&gt;x&lt;/script&gt;”" in text
    assert "<script>x" not in text


def test_payloads_are_told_in_words() -> None:
    order = make_order()
    payload = {
        "amount": "40.0000",
        "columns": ["promised_at", "notes"],
        "units": {"CHAI-1": 2},
        "level_id": "0190b5b5-0000-7000-8000-000000000000",
        "key": "0190b5b5-0000-7000-8000-000000000000",
        "nothing": None,
        "changes": {"status_reason": ["", "late"]},
    }
    record_event(order, "order.payment_changed", payload)

    newest = staff().get(change_url(order)).context["timeline"].entries[0]

    assert newest.words == "Payment changed"
    assert newest.facts == [
        ("Status reason", "empty → late"),
        ("Amount", "40.00"),
        ("Columns", "promised at, notes"),
        ("Units", "CHAI-1 2"),
    ]


def test_a_page_that_adds_has_no_timeline() -> None:
    page = staff().get("/admin/orders/order/add/")
    assert "timeline" not in page.context


def test_a_document_of_which_nothing_is_recorded_says_so() -> None:
    Order.objects.filter(pk=(order := make_order()).pk).update(notes="x")
    copy = Order.objects.create(
        order_number="OLD-1", customer=make_customer(), location=order.location
    )

    page = staff().get(change_url(copy))

    assert "Nothing is recorded of this order yet." in text_of(page)
