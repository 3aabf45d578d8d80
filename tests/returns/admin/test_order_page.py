"""The page of an order leads to its return."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.models import Order
from orders.services import OrderLine
from returns.models import ReturnRequest
from tests.orders.builders import make_confirmed_order
from tests.pages import change_url, landed_on, save, staff
from tests.returns.builders import (
    make_approver,
    make_delivered_order,
    make_return,
    make_returnable_variant,
)

pytestmark = pytest.mark.django_db


def way_to_a_return(browser: Client, order: Order) -> str:
    """Return where the button *Return* leads, "" where there is none."""
    shown = browser.get(change_url(order)).context["buttons"]
    found = [button["url"] for button in shown if button["label"] == "Return"]
    return found[0] if found else ""


def test_a_delivered_order_leads_to_a_return_of_it() -> None:
    order, browser = make_delivered_order(), staff()

    page = browser.get(way_to_a_return(browser, order))

    assert page.context["adminform"].form["order"].value() == str(order.pk)


def test_no_return_is_offered_of_what_is_here_or_to_who_may_not_open_one() -> None:
    assert way_to_a_return(staff(), make_confirmed_order()) == ""
    reader = Client()
    reader.force_login(make_approver("view_order"))
    assert way_to_a_return(reader, make_delivered_order()) == ""


def test_only_what_may_still_come_back_is_on_the_form() -> None:
    lines = [OrderLine(make_returnable_variant(), 3) for _ in range(2)]
    order, browser = make_delivered_order(lines=lines), staff()
    first, second = order.items.order_by("line_number")
    make_return(order, lines={first.pk: 2, second.pk: 3})

    page = browser.get(way_to_a_return(browser, order)).content.decode()

    assert 'placeholder="of 1"' in page
    assert 'placeholder="of 3"' not in page
    assert f"{second}: {second.article}" not in page


def test_what_may_come_back_is_on_the_form_already_and_only_units_are_typed() -> None:
    lines = [OrderLine(make_returnable_variant(), 2) for _ in range(2)]
    order, browser = make_delivered_order(lines=lines), staff()
    url = way_to_a_return(browser, order)
    first, second = order.items.order_by("line_number")

    page = browser.get(url).content.decode()
    response = save(browser, url, reason_code="defective", items__1__quantity="2")

    assert all(f"{line}: {line.article}" in page for line in (first, second))
    assert 'placeholder="of 2"' in page
    found = ReturnRequest.objects.get()
    assert landed_on(response) == change_url(found)
    assert [(item.order_item, item.quantity) for item in found.items.all()] == [
        (second, 2)
    ]
