"""A page that adds or saves is carried out once, and says so when it is sent again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from inventory.models import ItemReceipt, PurchaseOrder, StockLevel
from orders.models import Address, Customer, Order
from stateset.lib.admin.once import TOKEN_VAR
from tests.inventory.builders import make_location, make_supplier
from tests.inventory.builders import make_variant as make_part
from tests.orders.builders import default_location, make_customer, make_variant
from tests.pages import add_url, change_url, refusals, shown, staff, told
from tests.threads import at_once

Typed = dict[str, Any]


def a_receipt() -> Typed:
    return {
        "variant": make_part().pk,
        "location": make_location().pk,
        "quantity": "10",
        "unit_cost": "9",
    }


def an_order() -> Typed:
    default_location()
    return {
        "customer": make_customer().pk,
        "shipping_total": "0",
        "items-0-variant": make_variant(price=Decimal(4)).pk,
        "items-0-quantity": "1",
    }


def a_purchase() -> Typed:
    make_location(is_default=True)
    return {
        "supplier": make_supplier().pk,
        "items-0-variant": make_part().pk,
        "items-0-quantity_ordered": "5",
        "items-0-unit_cost": "7",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "fill_in"),
    [(ItemReceipt, a_receipt), (Order, an_order), (PurchaseOrder, a_purchase)],
)
def test_an_add_page_sent_again_adds_no_more(
    model: type[Model], fill_in: Callable[[], Typed]
) -> None:
    browser, typed = staff(), fill_in()
    page = {**shown(browser, add_url(model)), **typed}

    first = browser.post(add_url(model), page)
    again = browser.post(add_url(model), page, follow=True)

    assert first.status_code == 302, refusals(first)
    (made,) = model._default_manager.all()
    assert told(again)[-1].endswith("was sent already; nothing more was done.")
    assert again.redirect_chain[0][0] == first.headers["Location"]
    if model is Order:
        assert first.headers["Location"] == change_url(made)


@pytest.mark.django_db
def test_a_page_changed_after_it_was_sent_loses_nothing_of_what_was_typed() -> None:
    browser, typed = staff(), a_receipt()
    page = {**shown(browser, add_url(ItemReceipt)), **typed}
    browser.post(add_url(ItemReceipt), page)

    other = browser.post(add_url(ItemReceipt), {**page, "quantity": "3"})

    (refusal,) = refusals(other)
    assert "was carried out already, with other words than these" in refusal
    assert 'value="3"' in other.content.decode()
    assert StockLevel.objects.get().on_hand == 10
    anew = {**page, "quantity": "3", TOKEN_VAR: other.context["token"]}
    assert browser.post(add_url(ItemReceipt), anew).status_code == 302
    assert StockLevel.objects.get().on_hand == 13


@pytest.mark.django_db(transaction=True)
def test_of_an_add_page_sent_by_three_at_once_one_is_carried_out() -> None:
    browser, typed = staff(), a_receipt()
    page = {**shown(browser, add_url(ItemReceipt)), **typed}
    browsers = [staff() for _ in range(3)]

    answers = at_once(
        *(lambda one=one: one.post(add_url(ItemReceipt), page) for one in browsers)
    )

    assert {answer.status_code for answer in answers} == {302}
    assert StockLevel.objects.get().on_hand == 10


@pytest.mark.django_db
def test_a_page_shown_again_for_an_error_can_be_sent_again() -> None:
    browser, typed = staff(), a_receipt()
    page = {**shown(browser, add_url(ItemReceipt)), **typed}

    refused = browser.post(add_url(ItemReceipt), {**page, "quantity": "none"})
    same = browser.post(add_url(ItemReceipt), page)

    assert refused.status_code == 200
    assert refused.context["token"] != page[TOKEN_VAR]
    assert same.status_code == 302
    assert StockLevel.objects.get().on_hand == 10


@pytest.mark.django_db
def test_an_add_page_without_its_mark_adds_nothing() -> None:
    browser, typed = staff(), a_receipt()
    page = {**shown(browser, add_url(ItemReceipt)), **typed}
    del page[TOKEN_VAR]

    response = browser.post(add_url(ItemReceipt), page)

    (refusal,) = refusals(response)
    assert refusal.startswith("The page came in incomplete, and nothing was done.")
    assert not ItemReceipt.objects.exists()


@pytest.mark.django_db
def test_lines_added_to_what_is_there_are_added_once() -> None:
    browser, ada = staff(), make_customer()
    address = {
        "line1": "Main 1",
        "city": "Berlin",
        "postal_code": "1",
        "country_code": "DE",
    }
    page = shown(browser, change_url(ada))
    prefix = next(
        name.removesuffix("-TOTAL_FORMS")
        for name in page
        if name.endswith("-TOTAL_FORMS") and "address" in name
    )
    typed = {f"{prefix}-0-{name}": value for name, value in address.items()}
    page |= {**typed, f"{prefix}-TOTAL_FORMS": "1"}

    browser.post(change_url(ada), page)
    again = browser.post(change_url(ada), page)

    assert again.status_code == 302
    assert Address.objects.filter(customer=ada).count() == 1


@pytest.mark.django_db
def test_a_window_that_adds_answers_its_opener_the_same_twice(client: Client) -> None:
    browser = staff()
    url = f"{add_url(Customer)}?_popup=1"
    typed = {"last_name": "Devon", "email": "ann@example.com", "_popup": "1"}
    page = {**shown(browser, url), **typed}

    first, again = browser.post(url, page), browser.post(url, page)

    key = str(Customer.objects.get().pk)
    assert key in first.content.decode()
    assert key in again.content.decode()
