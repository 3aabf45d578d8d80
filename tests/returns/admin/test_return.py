from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from finance.models import Payment
from orders.models import Order
from returns.admin.return_actions import RETURN_ACTIONS
from returns.models import ReturnApproval, ReturnItem, ReturnRequest
from returns.services import (
    Finding,
    cancel_return,
    complete_return,
    decide_return,
    receive_return,
)
from stateset.accounts.models import User
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.inventory.pages import buttons
from tests.orders.builders import NOON
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    landed_on,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_delivered_order,
    make_inspected_return,
    make_paid_order,
    make_quarantine,
    make_received_return,
    make_return,
    on_hand,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

ALWAYS = ("Change what it ends in",)


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def member(*groups: str) -> User:
    user = make_user()
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def offered(browser: Client, found: ReturnRequest) -> list[str]:
    return buttons(browser.get(change_url(found)))


def typed(found: ReturnRequest, **values: Any) -> dict[str, str]:
    """Return what is typed into a form with fields a line, for the only line."""
    key = found.items.get().pk
    return {f"{name}_{key}": str(value) for name, value in values.items()}


def statuses(found: ReturnRequest) -> str:
    found.refresh_from_db()
    return found.status


def make_completed_return() -> ReturnRequest:
    return complete_return(make_inspected_return(), at=NOON)


def make_cancelled_return() -> ReturnRequest:
    return cancel_return(make_approved_return(), reason="kept it after all")


def make_half_received_return() -> ReturnRequest:
    found = make_approved_return()
    return receive_return(found, quantities={found.items.get().pk: 1}, at=NOON)


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


def test_the_requester_is_offered_no_decision_and_can_not_send_one() -> None:
    requester = make_approver("view_returnrequest", "change_returnrequest")
    with acting_as(requester):
        found = make_return()
    browser = browser_of(requester)

    assert offered(browser, found) == [*ALWAYS, "Cancel return"]
    for name in ("approve", "reject"):
        assert browser.get(action_url(found, name)).status_code == 403
        sent = browser.post(action_url(found, name), {TOKEN_VAR: "x", "reason": "x"})
        assert sent.status_code == 403
    assert statuses(found) == "requested"


def test_one_person_decides_one_level_and_the_second_asks_for_more() -> None:
    found = make_return(at=NOON.replace(year=2027))
    first = make_approver("approve_large_return", "view_returnrequest")
    ordinary = make_approver("view_returnrequest")
    second = make_approver("approve_large_return", "view_returnrequest")

    response = act(browser_of(first), found, "approve", **typed(found, approved=3))

    assert told(response) == [f"Return {found} waits for a second person."]
    assert "Approve" not in offered(browser_of(first), found)
    assert "Approve" not in offered(browser_of(ordinary), found)
    assert browser_of(ordinary).get(action_url(found, "approve")).status_code == 403
    act(browser_of(second), found, "approve", **typed(found, approved=3))
    assert statuses(found) == "approved"


def test_the_warehouse_receives_and_inspects_and_nothing_else() -> None:
    browser = browser_of(member("Warehouse"))

    assert offered(browser, make_return()) == []
    assert offered(browser, make_approved_return()) == ["Receive goods"]
    assert offered(browser, make_received_return()) == ["Inspect"]
    found = make_inspected_return()
    assert offered(browser, found) == []
    assert browser.get(action_url(found, "complete")).status_code == 403
    approved = make_approved_return()
    act(browser, approved, "receive", **typed(approved, came=3))
    assert statuses(approved) == "received"


def test_who_only_reads_is_offered_nothing() -> None:
    browser = browser_of(member("Auditor"))

    for make in (make_return, make_approved_return, make_inspected_return):
        found = make()
        assert offered(browser, found) == []
        for name in ("receive", "inspect", "complete", "cancel", "reopen"):
            assert browser.get(action_url(found, name)).status_code == 403


@pytest.mark.parametrize("name", [action.name for action in RETURN_ACTIONS])
def test_what_is_not_possible_now_is_refused_with_the_reason(name) -> None:
    found = make_completed_return()

    page = staff().get(action_url(found, name))

    assert page.status_code == 409
    assert page.context["reason"] == "it is completed"


def test_looking_at_an_action_changes_nothing() -> None:
    found = make_approved_return()

    staff().get(action_url(found, "receive"), typed(found, came=3))

    assert statuses(found) == "approved"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_approved_return, "receive"),
        (make_received_return, "inspect"),
        (make_inspected_return, "complete"),
    ],
)
def test_a_second_click_does_nothing_more(make, name) -> None:
    found = make()
    browser = staff()
    url = action_url(found, name)
    page = browser.get(url).context
    lines: dict[str, dict[str, Any]] = {
        "receive": {"came": 1},
        "inspect": {"condition": "new", "restock": 3, "quarantine": 0, "scrap": 0},
    }
    sent = {
        TOKEN_VAR: page["token"],
        VERSION_VAR: page["version"],
        **typed(found, **lines.get(name, {})),
    }

    browser.post(url, sent)
    second = browser.post(url, sent, follow=True)

    assert "nothing more was done" in told(second)[-1]
    came = found.items.get().quantity_received
    assert came == (1 if name == "receive" else 3)
    assert Payment.objects.filter(kind="refund").count() == (name == "complete")


def test_what_changed_since_the_page_was_opened_is_shown_first() -> None:
    found = make_return()
    browser = staff()
    url = action_url(found, "approve")
    page = browser.get(url).context
    with acting_as(make_approver()):
        decide_return(ReturnRequest.objects.get(pk=found.pk), approve=True, at=NOON)

    answer = browser.post(
        url,
        {
            TOKEN_VAR: page["token"],
            VERSION_VAR: page["version"],
            **typed(found, approved=3),
        },
    )

    assert answer.status_code == 409
    assert found.approvals.count() == 1


def test_tabs_are_the_work_of_the_day() -> None:
    waiting = make_return()
    expected = [make_approved_return(), make_half_received_return()]
    to_finish = [make_received_return(), make_inspected_return()]
    make_completed_return()
    browser = staff()

    def tab(name: str) -> set[ReturnRequest]:
        page = browser.get(list_url(ReturnRequest), {"preset": name})
        return set(page.context["cl"].result_list)

    assert tab("waiting") == {waiting}
    assert tab("expected") == set(expected)
    assert tab("to_finish") == set(to_finish)


def test_lines_and_decisions_are_found_and_only_read() -> None:
    make_quarantine()
    found = make_inspected_return(Finding("mixed", restock=2, scrap=1))
    browser = staff()

    for model in (ReturnItem, ReturnApproval):
        page = browser.get(list_url(model), {"q": found.rma_number})
        assert [row.return_request for row in page.context["cl"].result_list] == [found]
        assert browser.get(add_url(model)).status_code == 403
    page = browser.get(list_url(ReturnItem), {"quantity_scrapped_from": "1"})
    assert len(page.context["cl"].result_list) == 1


def test_notes_are_changed_and_the_rest_is_not_typed() -> None:
    found = make_return()

    save(staff(), change_url(found), notes="call first", status="approved")

    found.refresh_from_db()
    assert (found.notes, found.status, found.version) == ("call first", "requested", 2)
    assert "status" not in shown(staff(), change_url(found))
