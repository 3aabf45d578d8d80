"""Guided actions: shown where allowed, done once, refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from orders.models import Customer
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import CUSTOMERS, customer_page, make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stateset.sample_admin")]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def page_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def suspend_page(customer: Customer) -> str:
    return customer_page(customer, "do/suspend")


def opened(client: Client, customer: Customer, **fields: str) -> dict[str, str]:
    """Return what a browser sends that opened the action's page just now."""
    context = client.get(suspend_page(customer)).context
    return {"_once": context["token"], "_version": str(context["version"]), **fields}


def test_the_form_shows_the_button_only_where_it_is_allowed_now(staff: Client) -> None:
    allowed, suspended = make_customer(1), make_customer(2, status="suspended")

    assert suspend_page(allowed) in page_of(staff.get(customer_page(allowed)))
    assert "do/suspend" not in page_of(staff.get(customer_page(suspended)))


def test_the_page_explains_and_changes_nothing(staff: Client) -> None:
    ada = make_customer(1)
    page = page_of(staff.get(suspend_page(ada)))

    assert "The customer can&#x27;t place orders any more." in page
    assert "<dt>E-mail</dt><dd>c1@example.com</dd>" in page
    ada.refresh_from_db()
    assert ada.status == "active"


def test_an_action_is_done_and_says_so(staff: Client) -> None:
    ada = make_customer(1)
    response = staff.post(
        suspend_page(ada), opened(staff, ada, reason="never pays"), follow=True
    )

    assert messages_of(response) == [f"{ada} is suspended."]
    ada.refresh_from_db()
    assert (ada.status, ada.notes) == ("suspended", "never pays")


def test_an_action_changed_after_it_was_done_loses_nothing_of_what_was_typed(
    staff: Client,
) -> None:
    ada = make_customer(1)
    sent = opened(staff, ada, reason="never pays")
    staff.post(suspend_page(ada), sent)

    response = staff.post(suspend_page(ada), {**sent, "reason": "pays late"})

    assert response.status_code == 409
    page = response.content.decode()
    assert "was carried out already, with other words than these" in page
    assert "pays late" in page
    ada.refresh_from_db()
    assert ada.notes == "never pays"


def test_the_second_click_does_nothing(staff: Client) -> None:
    ada = make_customer(1)
    sent = opened(staff, ada, reason="never pays")
    staff.post(suspend_page(ada), sent)
    Customer.objects.update(status="active", version=1, notes="")

    response = staff.post(suspend_page(ada), sent, follow=True)

    assert messages_of(response)[-1] == (
        "“Suspend” was sent already; nothing more was done."
    )
    ada.refresh_from_db()
    assert ada.status == "active"


def test_a_page_without_a_token_does_nothing(staff: Client) -> None:
    ada = make_customer(1)
    sent = {"reason": "x", "_version": "1"}

    response = staff.post(suspend_page(ada), sent)

    assert response.status_code == 409
    assert "The page came in incomplete, and nothing was done." in page_of(response)
    chosen = {"action": "do_suspend", "index": "0", "_selected_action": str(ada.pk)}
    bulk = staff.post(CUSTOMERS, {**chosen, **sent, "_confirmed": "1"})
    assert bulk.status_code == 409
    assert "The page came in incomplete, and nothing was done." in page_of(bulk)
    ada.refresh_from_db()
    assert ada.status == "active"


def test_a_change_since_the_page_was_opened_is_shown_first(staff: Client) -> None:
    ada = make_customer(1)
    sent = opened(staff, ada, reason="never pays")
    Customer.objects.update(version=2, email="new@example.com")

    response = staff.post(suspend_page(ada), sent)

    assert response.status_code == 409
    page = page_of(response)
    assert "somebody else changed it since you opened this page" in page
    assert "new@example.com" in page
    assert 'value="never pays"' in page
    ada.refresh_from_db()
    assert ada.status == "active"


def test_what_the_service_refuses_is_shown_and_can_be_sent_again(
    staff: Client,
) -> None:
    ada = make_customer(1)
    response = staff.post(suspend_page(ada), opened(staff, ada, reason="none"))

    assert response.status_code == 409
    assert (
        "The customer was not suspended. Why: the reason is “none”. "
        "What to do: write why." in page_of(response)
    )
    again = {"_once": response.context["token"], "_version": "1", "reason": "unpaid"}
    assert staff.post(suspend_page(ada), again).status_code == 302
    ada.refresh_from_db()
    assert ada.status == "suspended"


def test_a_missing_entry_asks_again_with_the_error(staff: Client) -> None:
    ada = make_customer(1)
    response = staff.post(suspend_page(ada), opened(staff, ada))

    assert response.status_code == 200
    assert "This field is required." in page_of(response)
    ada.refresh_from_db()
    assert ada.status == "active"


def test_an_action_not_possible_now_says_why(staff: Client) -> None:
    ada = make_customer(1, status="suspended")
    response = staff.get(suspend_page(ada))

    assert response.status_code == 409
    assert "Suspend is not possible now: it is suspended." in page_of(response)


def test_the_permission_is_asked_on_the_page_and_on_sending(client: Client) -> None:
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client.force_login(user)
    ada = make_customer(1)

    assert "do/suspend" not in page_of(client.get(customer_page(ada)))
    assert client.get(suspend_page(ada)).status_code == 403
    assert client.post(suspend_page(ada), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["do/nothing", "do/suspend"])
def test_unknown_actions_and_rows_are_not_found(staff: Client, page: str) -> None:
    key = make_customer(1).pk if page == "do/nothing" else "none"
    assert staff.get(f"{CUSTOMERS}{key}/{page}/").status_code == 404


def test_in_bulk_it_shows_what_would_be_done_and_skipped(staff: Client) -> None:
    ada, ben = make_customer(1), make_customer(2, status="suspended")
    response = staff.post(
        CUSTOMERS, {"action": "do_suspend", "_selected_action": [ada.pk, ben.pk]}
    )

    page = page_of(response)
    assert "Suspend: 1 customers" in page
    assert f"<li>{ben}: it is suspended</li>" in page
    ada.refresh_from_db()
    assert ada.status == "active"


def test_in_bulk_each_row_is_done_or_told(staff: Client) -> None:
    ada, ben = make_customer(1), make_customer(2)
    chosen = {"action": "do_suspend", "_selected_action": [ada.pk, ben.pk]}
    token = staff.post(CUSTOMERS, chosen).context["token"]
    Customer.objects.filter(pk=ben.pk).update(status="suspended")

    sent = chosen | {"_confirmed": "1", "_once": token, "reason": "unpaid"}
    response = staff.post(CUSTOMERS, sent, follow=True)

    assert messages_of(response) == [
        "Suspend: done for 1.",
        f"Suspend: skipped 1 ({ben}: it is suspended).",
    ]
    ada.refresh_from_db()
    assert ada.status == "suspended"

    again = staff.post(CUSTOMERS, sent, follow=True)
    assert messages_of(again) == ["“Suspend” was sent already; nothing more was done."]


def test_in_bulk_a_page_changed_after_it_was_done_loses_nothing_of_what_was_typed(
    staff: Client,
) -> None:
    ada = make_customer(1)
    chosen = {"action": "do_suspend", "_selected_action": str(ada.pk)}
    token = staff.post(CUSTOMERS, chosen).context["token"]
    sent = chosen | {"_confirmed": "1", "_once": token, "reason": "never pays"}
    staff.post(CUSTOMERS, sent)

    late = staff.post(CUSTOMERS, {**sent, "reason": "pays late"})
    Customer.objects.update(status="active")
    possible = staff.post(CUSTOMERS, {**sent, "reason": "pays late"})

    for response in (late, possible):
        assert response.status_code == 409
        page = page_of(response)
        assert "was carried out already, with other words than these" in page
        assert "pays late" in page
    ada.refresh_from_db()
    assert (ada.status, ada.notes) == ("active", "never pays")
    anew = {**sent, "reason": "pays late", "_once": possible.context["token"]}
    staff.post(CUSTOMERS, anew)
    ada.refresh_from_db()
    assert (ada.status, ada.notes) == ("suspended", "pays late")


def test_in_bulk_a_refused_row_leaves_the_others(staff: Client) -> None:
    ada, ben = make_customer(1), make_customer(2)
    chosen = {"action": "do_suspend", "_selected_action": [ada.pk, ben.pk]}
    token = staff.post(CUSTOMERS, chosen).context["token"]

    sent = chosen | {"_confirmed": "1", "_once": token, "reason": "none"}
    (message,) = messages_of(staff.post(CUSTOMERS, sent, follow=True))

    assert message.startswith("Suspend: skipped 2 (")
    assert "Why: the reason is “none”." in message
    assert set(Customer.objects.values_list("status", flat=True)) == {"active"}


def test_in_bulk_it_is_offered_only_to_who_may(client: Client) -> None:
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client.force_login(user)
    make_customer(1)

    assert "do_suspend" not in page_of(client.get(CUSTOMERS))
