from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from finance.models import CashSale, Payment
from inventory.models import ProductVariant
from tests.finance.builders import make_cash_sale
from tests.fulfillment.builders import books
from tests.orders.builders import (
    default_location,
    make_customer,
    make_stocked_variant,
)
from tests.pages import act, add_url, carried, change_url, list_url, staff, told
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

SALES = list_url(CashSale)
TILL = add_url(CashSale)


def page(browser: Client, *lines: tuple[ProductVariant, str], **typed: Any) -> Any:
    """Return what the till would send with these articles."""
    context = browser.get(TILL).context
    data = {
        "location": default_location().pk,
        "tendered_amount": "50",
        "page_key": context["form"]["page_key"].value(),
        "lines-TOTAL_FORMS": "6",
        "lines-INITIAL_FORMS": "0",
    }
    for index, (variant, quantity) in enumerate(lines):
        data |= {
            f"lines-{index}-variant": str(variant.pk),
            f"lines-{index}-quantity": quantity,
        }
    return {**data, **typed}


def test_the_till_sells_and_tells_the_change() -> None:
    variant = make_stocked_variant(10)
    browser = staff()

    response = browser.post(TILL, page(browser, (variant, "2")), follow=True)

    sale = CashSale.objects.get()
    assert told(response) == [f"Cash sale {sale} is made. Change: 30.00 USD."]
    assert books(variant) == (8, 0, 0)
    assert sale.order.customer.display_name == "Walk-in customer"


def test_the_till_sells_to_a_customer_at_another_price() -> None:
    variant, customer = make_stocked_variant(10), make_customer()
    browser = staff()
    typed = {"customer": str(customer.pk), "lines-0-unit_price": "7.50"}

    browser.post(TILL, page(browser, (variant, "2"), **typed))

    sale = CashSale.objects.get()
    assert (sale.amount, sale.order.customer) == (Decimal(15), customer)


def test_a_page_sent_twice_sells_once() -> None:
    variant = make_stocked_variant(10)
    browser = staff()
    data = page(browser, (variant, "2"))

    browser.post(TILL, data)
    browser.post(TILL, data)

    assert CashSale.objects.count() == 1
    assert books(variant) == (8, 0, 0)


def test_what_is_refused_is_told_and_the_till_keeps_what_was_typed() -> None:
    variant = make_stocked_variant(1)
    browser = staff()

    response = browser.post(TILL, page(browser, (variant, "2")))

    assert response.status_code == 409
    assert f"There is not enough stock of {variant.sku}." in response.content.decode()
    assert str(variant) in response.content.decode()
    assert CashSale.objects.count() == 0
    response = browser.post(TILL, page(browser))
    assert response.context["refused"].startswith("The order was not placed.")


def test_units_without_an_article_are_refused() -> None:
    browser = staff()
    data = page(browser, **{"lines-3-quantity": "2"})

    response = browser.post(TILL, data)

    errors = response.context["lines"].forms[3].errors
    assert errors == {"variant": ["Choose an article, or empty the line."]}


def test_the_till_is_for_who_may_sell() -> None:
    default_location()
    user = make_user()
    browser = Client()
    browser.force_login(user)

    assert browser.get(TILL).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="add_cashsale"))
    assert browser.get(TILL).status_code == 200


def test_a_sale_of_today_is_voided_from_its_page() -> None:
    variant = make_stocked_variant(10)
    browser = staff()
    browser.post(TILL, page(browser, (variant, "2")))
    sale = CashSale.objects.get()

    response = act(browser, sale, "void", reason="wrong colour")

    assert told(response) == [f"Cash sale {sale} is void: give 20.00 USD back."]
    assert books(variant) == (10, 0, 0)
    assert Payment.objects.filter(kind="refund").count() == 1


def test_sales_of_today_have_a_tab_and_are_found_by_number() -> None:
    old = make_cash_sale()
    new = make_cash_sale(at=timezone.now())
    browser = staff()

    today = browser.get(SALES, {"preset": "today"})
    found = browser.get(SALES, {"q": str(old)})

    assert list(today.context["cl"].result_list) == [new]
    assert list(found.context["cl"].result_list) == [old]
    assert browser.get(change_url(old)).status_code == 200


def test_an_unlikely_amount_of_cash_is_asked_about_once() -> None:
    variant = make_stocked_variant(10)
    browser = staff()
    data = page(browser, (variant, "1"), tendered_amount="100000")

    response = browser.post(TILL, data)

    doubt = "100,000.00 USD is 10,000 times what is to be paid, 10.00 USD. Book it so?"
    assert response.context["asked"].startswith(doubt)
    assert CashSale.objects.count() == 0
    assert books(variant) == (10, 0, 0)
    asked = {"sure": carried(response, "sure")}
    # Another amount is another question.
    browser.post(TILL, {**data, **asked, "tendered_amount": "2000"})
    assert CashSale.objects.count() == 0
    browser.post(TILL, {**data, **asked})
    assert CashSale.objects.get().change_amount == Decimal(99990)
