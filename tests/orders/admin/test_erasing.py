from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from orders.models import Address, Customer
from orders.services import archive_address
from orders.services.erasing import erase_customer
from stateset.system.models import AuditEntry, Erasure
from tests.orders.builders import make_address, make_customer, make_order
from tests.pages import act, action_url, change_url, opened, shown, staff, told

pytestmark = pytest.mark.django_db


def test_the_page_says_what_goes_and_the_number_has_to_be_typed() -> None:
    customer, browser = make_customer(first_name="Quimby"), staff()
    make_address(customer)
    number = customer.customer_number

    page = browser.get(action_url(customer, "erase"))
    wrong = act(browser, customer, "erase", reason="request", number="CUS-1")

    assert dict(page.context["facts"]) == {"Customers": "1", "Addresses": "1"}
    assert "This is not the number of this customer." in wrong.content.decode()
    assert not Erasure.objects.exists()

    done = act(browser, customer, "erase", reason="request", number=number)

    assert told(done) == [f"Customer {number} is erased."]
    customer.refresh_from_db()
    assert customer.first_name != "Quimby"
    assert "Quimby" not in LogEntry.objects.get().object_repr
    erasure = Erasure.objects.get()
    entry = AuditEntry.objects.get(action="customer.erased")
    assert erasure.actor_label == entry.actor_label != ""
    assert "Quimby" not in browser.get(change_url(customer)).content.decode()


def test_what_is_in_the_way_is_named_before_and_after() -> None:
    order, browser = make_order(), staff()
    customer = order.customer

    page = browser.get(action_url(customer, "erase"))
    number = customer.customer_number
    refused = act(browser, customer, "erase", reason="law", number=number)

    assert page.context["facts"][0] == ("In the way", f"order {order} is pending")
    assert refused.status_code == 409
    assert f"order {order} is pending" in refused.context["refused"]
    assert Customer.objects.get(pk=customer.pk).last_name == customer.last_name


def test_it_may_be_done_again_and_says_when_it_was() -> None:
    customer, browser = make_customer(), staff()
    number = customer.customer_number
    act(browser, customer, "erase", reason="request", number=number)

    page = browser.get(action_url(customer, "erase"))
    act(browser, customer, "erase", reason="law", number=number, invoices="on")

    (before,) = (fact for fact in page.context["facts"] if fact[0] == "Erased before")
    assert before[1].startswith("on 20")
    assert {each.scope for each in Erasure.objects.all()} == {"", "invoices"}
    urls = [
        each["url"] for each in browser.get(change_url(customer)).context["buttons"]
    ]
    assert action_url(customer, "erase") in urls


def test_a_page_of_an_address_from_before_brings_nothing_back() -> None:
    address, browser = make_address(make_customer(), line1="Quimby 1"), staff()
    seen, asked = (
        shown(browser, change_url(address)),
        opened(browser, address, "archive"),
    )
    erase_customer(customer=address.customer, reason="request")

    saved = browser.post(change_url(address), {**seen, "city": "Bonn"})
    archived = browser.post(action_url(address, "archive"), asked)

    assert (saved.status_code, archived.status_code) == (409, 409)
    stale, address = address, Address.objects.get(pk=address.pk)
    assert "Quimby" not in address.line1
    archive_address(stale)
    address.refresh_from_db()
    assert "Quimby" not in address.line1
    assert address.archived_at is not None
