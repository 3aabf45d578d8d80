"""Rows of lists and ledgers in the theme: small, escaped, with what a click needs."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from orders.models import Customer, Order
from stateset.lib.admin import theme
from stateset.lib.admin.addresses import change_url, page_url
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import (
    CUSTOMERS,
    ORDERS,
    customer_page,
    form_of,
    make_customer,
    make_order,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stateset.sample_admin")]
themed = pytest.mark.skipif(not theme.IS_THEMED, reason="the theme's rows only")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def shown_rows(staff: Client, address: str) -> list[str]:
    page = staff.get(address).content.decode()
    return re.findall(r'<tr class="data-row">(.*?)</tr>', page)


@themed
def test_a_row_of_a_list_leads_to_its_page(staff: Client) -> None:
    order = make_order(1, make_customer(1))

    (row,) = shown_rows(staff, ORDERS)

    assert f'<a href="{change_url(Order, order.pk)}">ORD-2026-000001</a></th>' in row
    assert 'data-label="customer"' in row
    assert len(row) < 3000, "a row of 25 classes a cell made pages of 400 kB"


@themed
def test_a_row_can_be_ticked_and_what_people_typed_is_escaped(staff: Client) -> None:
    customer = make_customer(1)
    Customer.objects.filter(pk=customer.pk).update(last_name="<b>Bold</b>")

    (row,) = shown_rows(staff, CUSTOMERS)

    assert f'name="_selected_action" value="{customer.pk}"' in row
    assert "&lt;b&gt;Bold" in row
    assert "<b>" not in row


@themed
def test_a_popup_hands_the_key_to_its_opener(staff: Client) -> None:
    customer = make_customer(1)

    (row,) = shown_rows(staff, f"{CUSTOMERS}?_popup=1")

    assert f'data-popup-opener="{customer.pk}"' in row


@themed
def test_a_filtered_list_is_found_again_from_the_page_of_a_row(staff: Client) -> None:
    make_order(1, make_customer(1))

    (row,) = shown_rows(staff, f"{ORDERS}?status__exact=pending")

    assert "/change/?_changelist_filters=status__exact%3Dpending" in row


def test_a_form_with_a_ledger_is_saved(staff: Client) -> None:
    ada = make_customer(1)
    make_order(1, ada)
    page = staff.get(customer_page(ada)).content.decode()
    sent = re.findall(r'name="(orders-[^"]+)" value="([^"]*)"', page)

    assert ("orders-TOTAL_FORMS", "1") in sent
    assert "ORD-2026-000001" in page
    answer = staff.post(customer_page(ada), form_of(ada, notes="called", **dict(sent)))

    assert answer.status_code == 302
    ada.refresh_from_db()
    assert ada.notes == "called"


@pytest.mark.parametrize("key", ["plain", "a/b_c", "x%y z", "é"])
def test_an_address_is_what_django_would_say(key: str) -> None:
    wanted = reverse("admin:orders_order_change", args=[quote(key)])
    assert change_url(Order, key) == wanted
    assert page_url("index") == reverse("admin:index")
