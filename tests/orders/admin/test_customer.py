from __future__ import annotations

import pytest

from orders.models import Address, Customer
from orders.services import archive_address
from stateset.system.models import Event
from tests.orders.builders import make_address, make_customer, make_order
from tests.pages import (
    act,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    staff,
    told,
)

pytestmark = pytest.mark.django_db

FIRST = "addresses__0__"
SECOND = "addresses__1__"


def typed_address(prefix: str, **fields: str) -> dict[str, str]:
    whole = {"line1": "Obere Str. 57", "city": "Berlin", "country_code": "DE", **fields}
    return {prefix + name: value for name, value in whole.items()}


def test_adding_gives_a_number_and_keeps_the_address() -> None:
    response = save(
        staff(),
        add_url(Customer),
        last_name="Devon",
        email="Ann@Example.com",
        addresses__TOTAL_FORMS="1",
        **typed_address(FIRST, is_default_shipping="on", country_code="de"),
    )

    customer = Customer.objects.get()
    assert response.redirect_chain, refusals(response)
    assert customer.customer_number.startswith("CUS-")
    assert customer.email == "ann@example.com"
    assert customer.addresses.get().country_code == "DE"


def test_a_customer_without_e_mail_is_kept_without_one() -> None:
    save(staff(), add_url(Customer), company="Alfreds Futterkiste", email="")

    assert Customer.objects.get().email is None


def test_an_e_mail_that_is_taken_is_told_at_its_field() -> None:
    make_customer(email="ann@example.com")

    response = save(
        staff(), add_url(Customer), last_name="Devon", email="ANN@example.com"
    )

    assert response.context["adminform"].form.errors == {
        "email": ["There is a customer with this e-mail already."]
    }
    assert Customer.objects.count() == 1


def test_changing_writes_the_event_and_raises_the_version() -> None:
    customer = make_customer()

    save(staff(), change_url(customer), phone="030-0074321")

    customer.refresh_from_db()
    assert (customer.phone, customer.version) == ("030-0074321", 2)
    event = Event.objects.get(event_type="customer.changed")
    assert event.payload == {"columns": ["phone"]}


def test_a_default_ticked_now_takes_the_place_of_the_old_one() -> None:
    customer = make_customer()
    old = make_address(customer, is_default_shipping=True)
    new = make_address(customer, city="Hamburg")

    response = save(
        staff(),
        change_url(customer),
        addresses__0__phone="030-0074321",
        addresses__1__is_default_shipping="on",
    )

    old.refresh_from_db()
    new.refresh_from_db()
    assert response.redirect_chain, refusals(response)
    assert (old.is_default_shipping, new.is_default_shipping) == (False, True)
    assert old.phone == "030-0074321"


def test_an_address_is_deleted_on_the_form_of_its_customer() -> None:
    customer = make_customer()
    make_address(customer)

    save(staff(), change_url(customer), addresses__0__DELETE="on")

    assert not Address.objects.exists()


def test_suspending_wants_a_reason_and_says_what_it_did() -> None:
    customer = make_customer(number="CUS-1")

    response = act(staff(), customer, "suspend", reason="chargebacks")

    customer.refresh_from_db()
    assert customer.status == "suspended"
    assert told(response) == ["CUS-1 Ana Trujillo is suspended."]
    page = staff().get(change_url(customer))
    labels = [button["label"] for button in page.context["buttons"]]
    assert labels == ["Reactivate", "Erase"]


@pytest.mark.parametrize("term", ["ANA.T@example.com", "Trujillo", "A-1", "CUS-1"])
def test_customers_are_found_by_number_name_e_mail_and_order(term) -> None:
    customer = make_customer(number="CUS-1", email="ana.t@example.com")
    make_order(customer=customer, order_number="A-1")
    make_customer(number="OTHER", last_name="Berg", first_name="Kim")

    page = staff().get(list_url(Customer), {"q": term})

    assert list(page.context["cl"].result_list) == [customer]


def test_the_form_shows_the_orders_of_the_customer() -> None:
    order = make_order(order_number="A-1")

    page = staff().get(change_url(order.customer)).content.decode()

    assert "A-1" in page
    assert "20.00 USD" in page


def test_addresses_are_added_archived_and_then_only_read() -> None:
    customer, browser = make_customer(), staff()
    save(
        browser,
        add_url(Address),
        customer=customer.pk,
        line1="Obere Str. 57",
        city="Berlin",
        country_code="DE",
    )
    address = Address.objects.get()

    act(browser, address, "archive")

    address.refresh_from_db()
    assert address.archived_at is not None
    page = browser.get(change_url(address))
    assert page.status_code == 200
    assert not page.context["has_change_permission"]


def test_archived_addresses_have_a_view_of_their_own() -> None:
    current = make_address(make_customer())
    archived = archive_address(make_address(make_customer()))
    browser, url = staff(), list_url(Address)

    for preset, row in (("current", current), ("archived", archived)):
        page = browser.get(url, {"preset": preset})
        assert list(page.context["cl"].result_list) == [row]
