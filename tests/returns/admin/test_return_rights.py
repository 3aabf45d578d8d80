"""Who may do what on the page of a return."""

from __future__ import annotations

import pytest

from stateset.lib.admin.once import TOKEN_VAR
from tests.orders.builders import NOON
from tests.pages import (
    act,
    action_url,
    browser_of,
    told,
)
from tests.returns.admin.builders import (
    ALWAYS,
    member,
    offered,
    statuses,
    typed,
)
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_inspected_return,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db


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
