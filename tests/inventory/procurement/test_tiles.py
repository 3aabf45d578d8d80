"""The tile of purchase orders that are due, and the list behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from inventory.models import PurchaseOrder
from inventory.services.procurement import receive_purchase_order
from inventory.tiles import tiles
from stateset.accounts.models import User
from tests.inventory.procurement.builders import (
    line_ids,
    make_purchase_order,
    make_sent_order,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def due_shown_to(user: User) -> list[tuple[object, str]]:
    request = RequestFactory().get("/")
    request.user = user
    return [
        (tile.value, tile.level)
        for tile in tiles(request)
        if tile.title == "Purchase orders due"
    ]


def test_open_orders_expected_by_today_are_due(client: Client) -> None:
    today = timezone.now().date()
    due = make_sent_order(expected_on=today)
    make_sent_order(expected_on=today + timedelta(days=1))
    make_sent_order()
    make_purchase_order(expected_on=today)
    received = make_sent_order(10, expected_on=today)
    receive_purchase_order(received, quantities={line_ids(received)[0]: 10})
    boss = make_user(is_superuser=True)
    client.force_login(boss)

    assert due_shown_to(boss) == [("1", "warning")]
    url = "/admin/inventory/purchaseorder/?preset=due"
    assert list(client.get(url).context["cl"].result_list) == [due]

    PurchaseOrder.objects.update(expected_on=None)
    assert due_shown_to(boss) == [("0", "ok")]


def test_who_may_not_see_purchase_orders_sees_no_tile() -> None:
    assert due_shown_to(make_user()) == []
