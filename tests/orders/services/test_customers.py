from __future__ import annotations

import pytest

from orders.errors import AddressRefusedError, CustomerRefusedError
from orders.models import Customer
from orders.services import (
    archive_address,
    change_customer_status,
    create_customer,
    save_address,
)
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.orders.builders import NOON, make_address, make_customer

pytestmark = pytest.mark.django_db


def test_a_customer_gets_a_number_and_a_plain_e_mail() -> None:
    customer = create_customer(last_name="Devon", email=" Ann@Example.COM ", at=NOON)

    assert customer.customer_number == "CUS-2026-000001"
    assert customer.email == "ann@example.com"
    assert customer.created_at == NOON
    assert Event.objects.get().event_type == "customer.created"


def test_companies_without_e_mail_are_customers_too() -> None:
    for number in ("ALFKI", "ANATR"):
        create_customer(number=number, company="Alfreds Futterkiste")

    assert Customer.objects.filter(email=None).count() == 2


@pytest.mark.parametrize(
    ("fields", "why", "fix"),
    [
        (
            {"first_name": "Ana"},
            "there is neither a last name nor a company",
            "give one of the two",
        ),
        (
            {"last_name": "Ana", "email": "ana at home"},
            "ana at home is not an e-mail address",
            "correct it, or leave it out",
        ),
        (
            {"last_name": "Ana", "email": "KNOWN@example.com"},
            "there is one with the e-mail known@example.com already",
            "use that customer, or correct the e-mail",
        ),
        (
            {"last_name": "Ana", "number": "ALFKI"},
            "there is one with the number ALFKI already",
            "use that customer, or correct the number",
        ),
    ],
)
def test_what_can_not_be_kept_is_refused(fields, why, fix) -> None:
    make_customer(number="ALFKI", email="known@example.com")

    with pytest.raises(CustomerRefusedError) as caught:
        create_customer(**fields)

    assert str(caught.value) == (
        f"The customer was not created.\n  why: {why}\n  fix: {fix}"
    )
    assert Customer.objects.count() == 1


def test_a_customer_is_suspended_and_reactivated_with_a_reason() -> None:
    customer = make_customer()

    change_customer_status(customer, to="suspended", reason="chargebacks")
    change_customer_status(customer, to="active", reason="cleared up")

    customer.refresh_from_db()
    assert customer.status == "active"
    event = Event.objects.get(event_type="customer.suspended")
    assert event.payload["reason"] == "chargebacks"


def test_a_suspended_customer_is_not_suspended_again() -> None:
    customer = make_customer()
    change_customer_status(customer, to="suspended", reason="chargebacks")

    with pytest.raises(InvalidTransitionError):
        change_customer_status(customer, to="suspended", reason="again")


def test_a_new_default_takes_the_place_of_the_old_one() -> None:
    customer = make_customer()
    old = make_address(customer, is_default_shipping=True, is_default_billing=True)

    new = make_address(customer, is_default_shipping=True)

    old.refresh_from_db()
    assert (old.is_default_shipping, old.is_default_billing) == (False, True)
    assert (new.is_default_shipping, new.is_default_billing) == (True, False)


def test_an_existing_address_can_become_the_default() -> None:
    customer = make_customer()
    old = make_address(customer, is_default_shipping=True)
    other = make_address(customer, country_code="de")
    other.is_default_shipping = True

    save_address(other)

    old.refresh_from_db()
    assert not old.is_default_shipping
    assert other.country_code == "DE"


def test_an_archived_address_is_no_default_and_stays_as_it_was() -> None:
    customer = make_customer()
    address = make_address(customer, is_default_shipping=True)

    archive_address(address, at=NOON)

    assert not customer.addresses.current().exists()
    assert not address.is_default_shipping
    with pytest.raises(AddressRefusedError) as caught:
        save_address(address)
    assert str(caught.value) == (
        "The address Obere Str. 57, 12209, Berlin, DE was not changed.\n"
        "  why: it is archived\n"
        "  fix: add the address anew"
    )
