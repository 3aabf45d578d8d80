"""Goods that come in at a most unlikely cost are asked about, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest

from inventory.admin.procurement.costs import cost_doubt
from inventory.models import ItemReceipt
from inventory.services.procurement import PurchaseLine
from tests.inventory.builders import make_location, make_variant
from tests.inventory.procurement.builders import (
    line_counts,
    line_ids,
    make_sent_order,
)
from tests.pages import act, add_url, carried, refusals, save, staff

pytestmark = pytest.mark.django_db

QueriesAllowed = Callable[[int], AbstractContextManager[object]]


def test_a_cost_far_above_the_last_is_asked_about_once() -> None:
    variant, location, browser = make_variant(), make_location(), staff()
    typed = {"variant": variant.pk, "location": location.pk, "quantity": "1"}
    save(browser, add_url(ItemReceipt), **typed, unit_cost="1.25")

    response = save(browser, add_url(ItemReceipt), **typed, unit_cost="125")

    doubt = (
        f"125.00 {variant.currency} for one {variant.sku} is 100 times the last cost,"
        f" 1.25 {variant.currency}. Book it so?"
    )
    (asked,) = refusals(response)
    assert asked.startswith(doubt)
    assert ItemReceipt.objects.count() == 1
    sure = carried(response, "sure")
    save(browser, add_url(ItemReceipt), **typed, unit_cost="125", sure=sure)
    assert ItemReceipt.objects.count() == 2


def test_an_order_at_a_cost_far_above_the_last_is_received_when_asked_twice() -> None:
    variant, browser = make_variant(), staff()
    for cost in ("2.50", "2500"):
        line = PurchaseLine(variant, 3, Decimal(cost))
        order = make_sent_order(lines=[line])
        typed = {f"good_{line_ids(order)[0]}": "3", "location": order.ship_to_id}
        response = act(browser, order, "receive", **typed)

    (asked,) = response.context["form"].non_field_errors()
    assert f"is 1,000 times the last cost, 2.50 {variant.currency}. Book it" in asked
    assert line_counts(order) == [(0, 0)]
    sure = carried(response, "sure")
    act(browser, order, "receive", **typed, sure=sure)
    assert line_counts(order) == [(3, 0)]


def test_one_query_asks_what_all_articles_cost_before(
    django_assert_num_queries: QueriesAllowed,
) -> None:
    variants, location, browser = (
        [make_variant() for _ in range(3)],
        make_location(),
        staff(),
    )
    typed = {"location": location.pk, "quantity": "1", "unit_cost": "2"}
    for variant in variants[:2]:
        save(browser, add_url(ItemReceipt), variant=variant.pk, **typed)
    with django_assert_num_queries(1):
        doubt = cost_doubt((variant, Decimal(2000)) for variant in variants)
    assert [variant.sku in doubt for variant in variants] == [True, True, False]
