from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from orders.models import Customer
from stateset.system.models import AuditEntry, Erasure
from tests.orders.builders import make_address, make_customer, make_order
from tests.pages import act, action_url, change_url, staff, told

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


def test_the_invoices_may_follow_and_then_no_button_is_left() -> None:
    customer, browser = make_customer(), staff()
    number = customer.customer_number
    act(browser, customer, "erase", reason="request", number=number)
    again = act(browser, customer, "erase", reason="request", number=number)
    assert "is erased already" in again.context["refused"]

    act(browser, customer, "erase", reason="law", number=number, invoices="on")

    page = browser.get(change_url(customer))
    urls = [each["url"] for each in page.context["buttons"]]
    assert action_url(customer, "erase") not in urls
    assert Erasure.objects.count() == 2
