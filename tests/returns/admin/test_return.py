from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from finance.models import Payment
from orders.models import Order
from returns.models import ReturnRequest
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    landed_on,
    refusals,
    save,
    staff,
    told,
)
from tests.returns.admin.builders import (
    ALWAYS,
    make_cancelled_return,
    make_completed_return,
    make_half_received_return,
    offered,
    statuses,
    typed,
)
from tests.returns.builders import (
    make_approved_return,
    make_delivered_order,
    make_inspected_return,
    make_paid_order,
    make_quarantine,
    make_received_return,
    make_return,
    on_hand,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("make", "labels"),
    [
        (make_return, ["Approve", "Reject", *ALWAYS, "Cancel return"]),
        (make_approved_return, ["Receive goods", *ALWAYS, "Cancel return"]),
        (make_half_received_return, ["Receive goods", "Close short", *ALWAYS]),
        (make_received_return, ["Inspect", *ALWAYS]),
        (make_inspected_return, ["Complete", "Complete without refund", *ALWAYS]),
        (make_completed_return, []),
        (make_cancelled_return, ["Reopen"]),
    ],
)
def test_buttons_are_what_may_be_done_now(make, labels) -> None:
    assert offered(staff(), make()) == labels


def test_adding_opens_a_return() -> None:
    order = make_delivered_order()
    line = order.items.get()

    response = save(
        staff(),
        add_url(ReturnRequest),
        order=order.pk,
        reason_code="defective",
        reason="does not switch on",
        resolution="replacement",
        items__0__order_item=line.pk,
        items__0__quantity="1",
    )

    found = ReturnRequest.objects.get()
    assert response.redirect_chain, refusals(response)
    assert landed_on(response) == change_url(found)
    assert (found.order, found.resolution) == (order, "replacement")
    assert found.items.get().quantity == 1


def test_more_than_can_come_back_is_refused_over_the_form() -> None:
    order = make_delivered_order()

    response = save(
        staff(),
        add_url(ReturnRequest),
        order=order.pk,
        reason_code="defective",
        items__0__order_item=order.items.get().pk,
        items__0__quantity="4",
    )

    (refusal,) = refusals(response)
    assert "3 shipped units can still come back" in refusal
    assert not ReturnRequest.objects.exists()


def test_a_return_goes_from_approval_to_the_money_by_its_buttons() -> None:
    make_quarantine()
    order = make_paid_order(shipping_total=Decimal("5.90"))
    found = make_return(order)
    browser = staff()

    assert told(act(browser, found, "approve", **typed(found, approved=3))) == [
        f"Return {found} is approved."
    ]
    assert told(act(browser, found, "receive", **typed(found, came=1))) == [
        f"Return {found} is partly received; the rest is expected."
    ]
    assert told(act(browser, found, "receive", **typed(found, came=2))) == [
        f"Return {found} is received."
    ]
    inspected = act(
        browser,
        found,
        "inspect",
        **typed(found, condition="mixed", restock=2, quarantine=0, scrap=1),
    )
    assert told(inspected) == [
        f"The inspection of return {found} is noted, and its goods are put away."
    ]
    assert on_hand(found) == 9
    done = act(
        browser, found, "complete", shipping_refund="5.90", restocking_fee="10.00"
    )
    assert told(done) == [f"Return {found} is completed; 85.90 USD were given back."]
    assert Payment.objects.get(kind="refund").amount == Decimal("85.90")


def test_fewer_units_are_approved_by_the_form() -> None:
    found = make_return()

    act(staff(), found, "approve", **typed(found, approved=2))

    assert statuses(found) == "approved"
    assert found.items.get().quantity_approved == 2


def test_the_form_of_a_second_parcel_offers_what_is_still_expected() -> None:
    found = make_half_received_return()

    form = staff().get(action_url(found, "receive")).context["form"]

    key = f"came_{found.items.get().pk}"
    assert list(form.fields) == [key, "is_last"]
    assert (form.fields[key].initial, form.fields[key].max_value) == (2, 2)


def test_the_last_parcel_is_said_to_be_the_last() -> None:
    found = make_approved_return()

    response = act(staff(), found, "receive", is_last="on", **typed(found, came=2))

    assert told(response) == [f"Return {found} is received."]


def test_the_rest_is_given_up_with_a_reason() -> None:
    found = make_half_received_return()

    response = act(staff(), found, "close_short", reason="keeps the rest")

    assert told(response) == [f"Return {found} is received; the rest is not coming."]
    assert found.items.get().quantity_received == 1


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        (
            {"condition": "damaged", "restock": 3, "quarantine": 0, "scrap": 0},
            "is damaged, and only new or opened goods sell.",
        ),
        (
            {"condition": "new", "restock": 2, "quarantine": 0, "scrap": 0},
            "came, and 2 are accounted for.",
        ),
        (
            {"condition": "mixed", "restock": 3, "quarantine": 0, "scrap": 0},
            "is mixed, and all of it would be sold.",
        ),
    ],
)
def test_a_finding_that_can_not_be_is_said_at_its_line(values, mistake) -> None:
    found = make_received_return()

    response = act(staff(), found, "inspect", **typed(found, **values))

    errors = response.context["form"].errors
    (field,) = errors
    assert field == f"condition_{found.items.get().pk}"
    assert mistake in errors[field][0]
    assert statuses(found) == "received"


def test_without_a_quarantine_the_page_says_what_to_do() -> None:
    found = make_received_return()

    response = act(
        staff(),
        found,
        "inspect",
        **typed(found, condition="damaged", restock=0, quarantine=0, scrap=3),
    )

    assert response.status_code == 409
    assert "add one under Inventory, Locations" in response.context["refused"]
    assert statuses(found) == "received"


def test_a_rejection_says_why() -> None:
    found = make_return()
    browser = staff()

    assert act(browser, found, "reject", reason="").context["form"].errors
    response = act(browser, found, "reject", reason="worn")

    assert told(response) == [f"Return {found} is rejected."]
    assert (statuses(found), found.status_reason) == ("rejected", "worn")


def test_cancelling_and_reopening_say_why() -> None:
    found = make_approved_return()
    browser = staff()

    assert told(act(browser, found, "cancel", reason="kept it")) == [
        f"Return {found} is cancelled."
    ]
    Order.objects.update(delivered_at=timezone.now())
    response = act(browser, found, "reopen", reason="not kept")

    assert told(response) == [f"Return {found} is waiting for approval."]
    assert "Reopen" not in offered(browser, found)


def test_a_replacement_is_confirmed_on_the_page_of_its_order() -> None:
    found = make_inspected_return(resolution="replacement")
    browser = staff()
    assert offered(browser, found) == ["Complete", *ALWAYS]

    response = act(browser, found, "complete")

    found.refresh_from_db()
    order = found.replacement_order
    assert order is not None
    assert told(response) == [f"Return {found} is completed; confirm order {order}."]
    assert order.order_number in browser.get(change_url(found)).content.decode()
    act(browser, order, "confirm")
    assert Order.objects.get(pk=order.pk).status == "confirmed"


def test_without_refund_is_offered_where_one_is_promised() -> None:
    found = make_inspected_return(order=make_delivered_order())
    browser = staff()

    response = act(browser, found, "complete_without_refund", reason="never paid")

    assert told(response) == [f"Return {found} is completed; no money was given back."]


def test_what_it_ends_in_is_changed_with_a_reason() -> None:
    found = make_inspected_return(resolution="replacement")

    response = act(
        staff(), found, "change_resolution", resolution="refund", reason="sold out"
    )

    assert told(response) == [f"Return {found} ends in: refund."]


def test_what_was_not_paid_is_said_on_the_page() -> None:
    found = make_inspected_return(order=make_delivered_order())

    response = act(staff(), found, "complete")

    assert response.status_code == 409
    assert "only 0.00 of them were paid" in response.context["refused"]
