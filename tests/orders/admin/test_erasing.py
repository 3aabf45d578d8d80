from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from django.utils.timezone import localtime

from finance.services import walk_in_customer
from orders.models import Address, Customer
from orders.services import archive_address
from orders.services.erasing import erase_customer
from stateset.system.models import AuditEntry, Erasure
from tests.orders.builders import make_address, make_customer, make_order
from tests.orders.erasing import make_old_customer
from tests.pages import (
    act,
    action_url,
    browser_of,
    change_url,
    list_url,
    opened,
    shown,
    staff,
    told,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_the_page_says_what_goes_and_the_number_has_to_be_typed() -> None:
    customer, browser = make_customer(first_name="Quimby"), staff()
    make_address(customer)
    number = customer.customer_number

    page = browser.get(action_url(customer, "erase"))
    wrong = act(browser, customer, "erase", reason="request", number="CUS-1")

    facts = {label: strip_tags(value) for label, value in page.context["facts"]}
    assert facts == {
        "Name": customer.display_name,
        "E-mail": customer.email,
        "What is personal goes from": "1 customer1 address"
        "what events and the audit log say of them",
    }
    assert page.context["form"]["reason"].value() is None
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

    assert (
        f"not possible now: order {order} is pending. Finish" in page.content.decode()
    )
    assert 'name="number"' not in page.content.decode()
    assert refused.status_code == 409
    assert f"order {order} is pending" in refused.context["reason"]
    assert Customer.objects.get(pk=customer.pk).last_name == customer.last_name


def test_it_may_be_done_again_and_says_when_it_was() -> None:
    customer, browser = make_customer(), staff()
    number = customer.customer_number
    act(browser, customer, "erase", reason="request", number=number)

    page = browser.get(action_url(customer, "erase"))
    act(browser, customer, "erase", reason="law", number=number, invoices="on")

    (before,) = (fact for fact in page.context["facts"] if fact[0] == "Erased before")
    day = localtime(Erasure.objects.earliest("erased_at").erased_at)
    assert before[1].startswith(f"on {day.day} {day:%b %Y} by ")
    assert {each.scope for each in Erasure.objects.all()} == {"", "invoices"}
    urls = [
        each["url"] for each in browser.get(change_url(customer)).context["buttons"]
    ]
    assert action_url(customer, "erase") in urls


def test_whoever_is_erased_is_shown_so() -> None:
    customer, other = make_customer(), make_customer()
    gone = Erasure.objects.create(subject="orders.customer", subject_id=uuid4())
    user = make_user(is_superuser=True)
    browser = browser_of(user)
    number = customer.customer_number
    act(browser, customer, "erase", reason="law", number=number, invoices="on")

    (pill,) = (
        str(value)
        for label, value in browser.get(change_url(customer)).context["header"]
        if label == "personal data"
    )
    header = browser.get(change_url(other)).context["header"]
    with CaptureQueriesContext(connection) as asked:
        erasures = browser.get(list_url(Erasure)).content.decode()

    assert f" by {user.email}, issued invoices too<" in pill
    assert "personal data" not in dict(header)
    assert f'href="{change_url(customer)}">{number}</a>' in erasures
    assert str(gone.subject_id) in erasures
    assert sum('FROM "customers"' in each["sql"] for each in asked) == 1
    assert (
        number in browser.get(change_url(Erasure.objects.latest("id"))).content.decode()
    )
    yes, no = (
        list(
            browser.get(f"{list_url(Customer)}?erased={answer}").context["cl"].queryset
        )
        for answer in "10"
    )
    assert (yes, no) == ([customer], [other])


def test_the_walk_in_customer_has_no_button() -> None:
    walk_in, browser = walk_in_customer(), staff()

    buttons = browser.get(change_url(walk_in)).context["buttons"]
    page = browser.get(action_url(walk_in, "erase"))

    assert "Erase" not in [each["label"] for each in buttons]
    assert "stands for no person" in page.context["reason"]


def test_the_newest_invoice_is_dated_beside_the_box() -> None:
    customer, browser = make_old_customer(), staff()

    page = browser.get(action_url(customer, "erase"))

    newest = customer.invoices.latest("issued_on").issued_on
    assert newest is not None
    words = page.context["form"].fields["invoices"].help_text
    assert words.startswith(f"The newest is of {newest.day} {newest:%b %Y};")
    stays = dict(page.context["facts"])["What stays, and why"]
    assert "they go if “Issued invoices too” is ticked" in stays


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
