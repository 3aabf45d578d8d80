"""Forms of the base classes: conflicts, refusals, deletion, ledgers below them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Address, Customer
from stateset.lib.errors import StatesetError
from stateset.system.models import AuditEntry
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import (
    CUSTOMERS,
    customer_page,
    form_of,
    make_customer,
    make_order,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stateset.sample_admin")]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_save_raises_the_version(staff: Client) -> None:
    ada = make_customer(1)
    response = staff.post(customer_page(ada), form_of(ada, notes="Calls on Mondays"))

    assert response.status_code == 302
    ada.refresh_from_db()
    assert (ada.notes, ada.version) == ("Calls on Mondays", 2)


def test_a_save_that_changes_nothing_leaves_the_version(staff: Client) -> None:
    ada = make_customer(1)
    assert staff.post(customer_page(ada), form_of(ada)).status_code == 302
    ada.refresh_from_db()
    assert ada.version == 1


def test_a_changed_line_raises_the_version(staff: Client) -> None:
    ada = make_customer(1)
    line = {
        "addresses-TOTAL_FORMS": "1",
        "addresses-0-line1": "Main street 1",
        "addresses-0-city": "Berlin",
        "addresses-0-country_code": "DE",
    }
    assert staff.post(customer_page(ada), form_of(ada, **line)).status_code == 302
    ada.refresh_from_db()
    assert ada.version == 2
    assert Address.objects.get().customer == ada


def test_the_second_of_two_people_is_told_and_overwrites_nothing(
    staff: Client,
) -> None:
    ada = make_customer(1, notes="old")
    hers = form_of(ada, notes="hers")
    his = form_of(ada, notes="his", accepts_marketing="on")
    staff.post(customer_page(ada), hers)

    response = staff.post(customer_page(ada), his)

    assert response.status_code == 409
    page = text_of(response)
    assert (
        "somebody saved it after you opened the form. Nothing was overwritten." in page
    )
    assert '<th scope="row">Notes</th><td>his</td><td>hers</td>' in page
    assert '<th scope="row">Accepts marketing</th><td>yes</td><td>no</td>' in page
    assert "First name" not in page
    ada.refresh_from_db()
    assert (ada.notes, ada.version) == ("hers", 2)


def test_the_second_may_then_put_the_form_over_it(staff: Client) -> None:
    ada = make_customer(1)
    his = form_of(ada, notes="his")
    staff.post(customer_page(ada), form_of(ada, notes="hers"))
    conflict = staff.post(customer_page(ada), his)

    again = dict(conflict.context["carried"])
    again["_version"] = conflict.context["saved_version"]
    assert staff.post(customer_page(ada), again).status_code == 302

    ada.refresh_from_db()
    assert (ada.notes, ada.version) == ("his", 3)


def test_a_form_without_a_version_is_a_conflict_too(staff: Client) -> None:
    ada = make_customer(1)
    form = form_of(ada, notes="blind")
    del form["_version"]
    assert staff.post(customer_page(ada), form).status_code == 409


def test_the_form_carries_its_version(staff: Client) -> None:
    ada = make_customer(1)
    page = text_of(staff.get(customer_page(ada)))
    assert '<input type="hidden" name="_version" value="1">' in page


def test_a_broken_rule_is_shown_with_the_form_as_typed(staff: Client) -> None:
    ada = make_customer(1)
    make_customer(2)
    response = staff.post(
        customer_page(ada), form_of(ada, email="c2@example.com", notes="kept")
    )

    assert response.status_code == 200
    page = text_of(response)
    assert "There is a customer with this e-mail already." in page
    assert "kept</textarea>" in page
    ada.refresh_from_db()
    assert ada.notes == ""


def test_what_a_save_refuses_is_shown_with_the_form_as_typed(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        Customer.objects.update(notes="half done")
        raise StatesetError(
            "The customer was not saved.", why="the test says so", fix="go on"
        )

    monkeypatch.setattr(
        "tests.stateset.sample_admin.CustomerAdmin.save_related", refuse
    )
    ada = make_customer(1)
    response = staff.post(customer_page(ada), form_of(ada, notes="kept"))

    assert response.status_code == 200
    page = text_of(response)
    assert (
        "The customer was not saved. Why: the test says so. What to do: go on." in page
    )
    assert "kept</textarea>" in page
    ada.refresh_from_db()
    assert (ada.notes, ada.version) == ("", 1)


@pytest.mark.django_db(transaction=True)
def test_a_save_is_audited_with_its_actor(client: Client) -> None:
    """In transactions of its own: the outermost one tells the triggers who acts."""
    user = make_user(is_superuser=True)
    client.force_login(user)
    ada = make_customer(1)
    client.post(customer_page(ada), form_of(ada, notes="new"))

    entry = AuditEntry.objects.filter(resource_id=str(ada.pk)).latest("id")
    assert entry.actor_id == user.pk
    assert entry.changes["notes"] == ["", "new"]


def test_deletion_says_in_words_what_protects_a_row(staff: Client) -> None:
    ada = make_customer(1)
    for number in (1, 2):
        make_order(number, ada)

    for response in (
        staff.get(customer_page(ada, "delete")),
        staff.post(customer_page(ada, "delete"), {"post": "yes"}),
    ):
        assert "2 orders (field “customer”)" in text_of(response)
    assert Customer.objects.exists()


def test_what_nothing_protects_can_be_deleted(staff: Client) -> None:
    ada = make_customer(1)
    response = staff.post(customer_page(ada, "delete"), {"post": "yes"})
    assert response.status_code == 302
    assert not Customer.objects.exists()


def test_documents_are_deleted_in_their_first_status_only(staff: Client) -> None:
    ada = make_customer(1)
    draft, sent = make_order(1, ada), make_order(2, ada, status="confirmed")

    assert staff.get(f"/admin/orders/order/{draft.pk}/delete/").status_code == 200
    assert staff.get(f"/admin/orders/order/{sent.pk}/delete/").status_code == 403


def test_append_only_rows_are_read_and_nothing_else(staff: Client) -> None:
    entry = AuditEntry.objects.create(action="tried")
    base = "/admin/system/auditentry/"

    assert staff.get(f"{base}{entry.pk}/change/").status_code == 200
    assert staff.get(f"{base}add/").status_code == 403
    assert staff.post(f"{base}{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert staff.get(f"{base}{entry.pk}/delete/").status_code == 403
    assert staff.get(base).context["cl"].model_admin.get_actions is not None
    assert "delete_selected" not in text_of(staff.get(base))


def test_ledgers_below_a_form_are_read_page_by_page(staff: Client) -> None:
    ada = make_customer(1)
    for number in range(1, 8):
        make_order(number, ada)

    first = text_of(staff.get(customer_page(ada)))
    assert '<a class="ss-button" href="?orders-page=2">Older</a>' in first
    assert "ORD-2026-000007" in first
    assert "ORD-2026-000004" not in first

    last = text_of(staff.get(customer_page(ada), {"orders-page": "3"}))
    assert '<a class="ss-button" href="?orders-page=2">Newer</a>' in last
    assert "ORD-2026-000001" in last
    assert "Older" not in last


@pytest.mark.parametrize("page", ["99999999999999999999", "x", "-1", ""])
def test_nonsense_in_a_page_number_shows_a_page(staff: Client, page: str) -> None:
    ada = make_customer(1)
    response = staff.get(customer_page(ada), {"orders-page": page})
    assert response.status_code == 200


def test_a_form_counts_with_an_end(staff: Client) -> None:
    ada, bob = make_customer(1), make_customer(2)
    for number in range(1, 5):
        make_order(number, ada)
    make_order(5, bob)

    def counts_for(customer: Customer) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            staff.get(customer_page(customer))
        return [query["sql"] for query in queries if "COUNT(" in query["sql"]]

    assert counts_for(ada)
    assert all("LIMIT" in sql for sql in counts_for(ada))
    assert not counts_for(bob), "rows of one page are fetched, not counted"


def test_foreign_keys_are_searched_and_small_tables_chosen(staff: Client) -> None:
    page = text_of(staff.get("/admin/orders/cart/add/"))
    assert 'name="customer"' in page
    assert "admin-autocomplete" in page

    user_page = staff.get("/admin/accounts/user/add/")
    widget = user_page.context["adminform"].form.fields["groups"].widget
    assert "autocomplete" not in type(widget.widget).__name__.lower()


def test_the_autocomplete_finds_by_other_tables_too(staff: Client) -> None:
    ada = make_customer(1)
    make_order(7, ada)
    found = staff.get(
        "/admin/autocomplete/",
        {
            "app_label": "orders",
            "model_name": "cart",
            "field_name": "customer",
            "term": "ORD-2026-000007",
        },
    ).json()
    assert [row["text"] for row in found["results"]] == [str(ada)]


def test_an_unknown_row_is_answered_in_words(staff: Client) -> None:
    response = staff.get(f"{CUSTOMERS}not-a-key/change/", follow=False)
    assert response.status_code == 302
    assert staff.post(f"{CUSTOMERS}not-a-key/change/", {}).status_code == 302
