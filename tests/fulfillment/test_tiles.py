from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from fulfillment.tiles import tiles
from stateset.accounts.models import User
from tests.fulfillment.builders import make_picking, make_released, make_shipped
from tests.orders.builders import NOON
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def asked_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_the_home_page_shows_what_is_to_pick_and_what_is_late() -> None:
    make_released(ship_by=timezone.now() - timedelta(days=1))
    make_released()
    make_picking()
    make_shipped(estimated_delivery_at=NOON)
    make_shipped(estimated_delivery_at=timezone.now() + timedelta(days=1))

    to_pick, late = tiles(asked_by(make_user(is_superuser=True)))

    assert (to_pick.title, to_pick.value, to_pick.level) == ("To pick", "2", "warning")
    assert to_pick.note == "1 to ship are late"
    assert to_pick.url == "/admin/fulfillment/fulfillmentorder/?preset=to_pick"
    assert (late.title, late.value, late.level) == ("Late shipments", "1", "critical")
    assert late.url == "/admin/fulfillment/shipment/?preset=late"


def test_who_may_not_see_shipments_is_told_nothing() -> None:
    assert list(tiles(asked_by(make_user()))) == []
