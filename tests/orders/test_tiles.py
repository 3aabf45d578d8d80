from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from orders.services import cancel_order
from orders.tiles import orders_today, tiles
from stateset.accounts.models import User
from tests.orders.builders import make_confirmed_order, make_order
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)


def shown_to(user: User) -> dict[str, tuple[object, str]]:
    request = RequestFactory().get("/")
    request.user = user
    return {tile.title: (tile.value, tile.level) for tile in tiles(request)}


def test_today_is_held_against_the_same_weekday_at_the_same_time() -> None:
    for hours in (1, 14):
        make_order(at=MONDAY - timedelta(hours=hours))
    make_order(at=MONDAY - timedelta(hours=16))
    for hours in (-1, 1):
        make_order(at=MONDAY - timedelta(days=7, hours=hours))
    cancel_order(make_order(at=MONDAY), reason="double")

    tile = orders_today(MONDAY)

    assert (tile.value, tile.note) == ("2", "1 by this time last Monday")
    assert tile.url.endswith("/admin/orders/order/?preset=today")


def test_orders_to_ship_and_late_ones_are_counted() -> None:
    make_confirmed_order()
    make_confirmed_order(promised_at=timezone.now() - timedelta(hours=1))
    make_order(promised_at=timezone.now() - timedelta(hours=1))

    found = shown_to(make_user(is_superuser=True))

    assert found["To ship"] == ("2", "neutral")
    assert found["Late"] == ("2", "critical")


def test_without_late_orders_nothing_is_urgent() -> None:
    assert shown_to(make_user(is_superuser=True))["Late"] == ("0", "ok")


def test_who_may_not_see_orders_sees_no_tile() -> None:
    assert shown_to(make_user()) == {}
