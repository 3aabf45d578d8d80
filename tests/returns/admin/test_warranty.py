from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from orders.services import OrderLine
from returns.models import Warranty, WarrantyClaim
from returns.services import decide_claim, resolve_claim, submit_claim, void_warranty
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.inventory.pages import buttons
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
from tests.returns.builders import make_delivered_order, make_returnable_variant
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

IN_COVER = date(2027, 1, 15)


def make_warranty() -> Warranty:
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    return Warranty.objects.get(order_item__order=order)


def make_claim() -> WarrantyClaim:
    return submit_claim(make_warranty(), failed_on=IN_COVER, description="dead")


def make_approved_claim() -> WarrantyClaim:
    return decide_claim(make_claim(), approve=True)


def make_resolved_claim() -> WarrantyClaim:
    return resolve_claim(
        make_approved_claim(), resolution_type="repair", resolution="new board"
    )


def auditor() -> Client:
    user = make_user()
    user.groups.add(Group.objects.get(name="Auditor"))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.parametrize(
    ("make", "labels"),
    [
        (make_warranty, ["Void"]),
        (make_claim, ["Approve", "Reject", "Withdraw"]),
        (make_approved_claim, ["Resolve"]),
        (make_resolved_claim, []),
    ],
)
def test_buttons_are_what_may_be_done_now(make, labels) -> None:
    row = make()

    assert buttons(staff().get(change_url(row))) == labels
    assert buttons(auditor().get(change_url(row))) == []


def test_a_claim_goes_from_fault_to_repair_by_its_buttons() -> None:
    warranty = make_warranty()
    browser = staff()

    response = save(
        browser,
        add_url(WarrantyClaim),
        warranty=warranty.pk,
        failed_on="2027-01-15",
        description="dead",
    )

    claim = WarrantyClaim.objects.get()
    assert response.redirect_chain, refusals(response)
    assert told(act(browser, claim, "approve")) == [f"Claim {claim} is approved."]
    resolved = act(
        browser, claim, "resolve", resolution_type="repair", resolution="new board"
    )
    assert told(resolved) == [f"Claim {claim} is resolved."]
    claim.refresh_from_db()
    assert (claim.status, claim.resolution_type) == ("resolved", "repair")


def test_a_fault_outside_the_warranty_is_refused_over_the_form() -> None:
    warranty = make_warranty()

    response = save(
        staff(),
        add_url(WarrantyClaim),
        warranty=warranty.pk,
        failed_on="2027-03-01",
        description="dead",
    )

    (refusal,) = refusals(response)
    assert "covers 2026-11-20 to 2027-02-20" in refusal
    assert not WarrantyClaim.objects.exists()


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("reject", "Claim {} is rejected.", "rejected"),
        ("withdraw", "Claim {} is withdrawn.", "withdrawn"),
    ],
)
def test_what_ends_a_claim_says_why(name, said, status) -> None:
    claim = make_claim()
    browser = staff()

    assert act(browser, claim, name, reason="").context["form"].errors
    response = act(browser, claim, name, reason="opened by force")

    assert told(response) == [said.format(claim)]
    claim.refresh_from_db()
    assert (claim.status, claim.status_reason) == (status, "opened by force")


def test_voiding_says_why_and_ends_the_cover() -> None:
    warranty = make_warranty()
    browser = staff()

    assert act(browser, warranty, "void", reason="").context["form"].errors
    assert told(act(browser, warranty, "void", reason="opened by force")) == [
        f"Warranty {warranty} is void."
    ]
    assert buttons(browser.get(change_url(warranty))) == []


@pytest.mark.parametrize("name", ["approve", "reject", "resolve", "withdraw"])
def test_what_is_not_possible_now_is_refused_with_the_reason(name) -> None:
    claim = make_resolved_claim()

    page = staff().get(action_url(claim, name))

    assert (page.status_code, page.context["reason"]) == (409, "it is resolved")
    assert auditor().get(action_url(claim, name)).status_code == 403


def test_a_void_warranty_is_not_voided_again() -> None:
    warranty = void_warranty(make_warranty(), reason="opened by force")

    page = staff().get(action_url(warranty, "void"))

    assert (page.status_code, page.context["reason"]) == (409, "it is void")


def test_looking_and_clicking_twice_do_nothing_more() -> None:
    claim = make_claim()
    browser = staff()
    url = action_url(claim, "approve")
    page = browser.get(url).context
    claim.refresh_from_db()
    assert claim.status == "submitted"
    sent = {TOKEN_VAR: page["token"], VERSION_VAR: page["version"]}

    browser.post(url, sent)
    second = browser.post(url, sent, follow=True)

    assert "nothing more was done" in told(second)[-1]
    claim.refresh_from_db()
    assert (claim.status, claim.version) == ("approved", 2)


def test_a_warranty_added_by_hand_gets_a_number() -> None:
    warranty = make_warranty()

    response = save(
        staff(),
        add_url(Warranty),
        variant=warranty.variant_id,
        customer=warranty.customer_id,
        serial_number="SN-1",
        starts_on="2026-11-20",
        ends_on="2027-11-20",
    )

    added = Warranty.objects.get(serial_number="SN-1")
    assert response.redirect_chain, refusals(response)
    assert added.warranty_number.startswith("WAR-")


def test_a_serial_number_is_under_one_warranty() -> None:
    warranty = make_warranty()
    Warranty.objects.update(serial_number="SN-1")

    response = save(
        staff(),
        add_url(Warranty),
        variant=warranty.variant_id,
        customer=warranty.customer_id,
        serial_number="SN-1",
        starts_on="2026-11-20",
        ends_on="2027-11-20",
    )

    (refusal,) = refusals(response)
    assert refusal.startswith("Nothing was saved.")
    assert Warranty.objects.get() == warranty


def test_tabs_are_what_is_active_and_open() -> None:
    claim = make_claim()
    make_resolved_claim()
    voided = void_warranty(make_warranty(), reason="opened by force")
    browser = staff()

    claims = browser.get(list_url(WarrantyClaim), {"preset": "open"})
    warranties = browser.get(list_url(Warranty), {"preset": "active"})

    assert list(claims.context["cl"].result_list) == [claim]
    assert voided not in warranties.context["cl"].result_list
