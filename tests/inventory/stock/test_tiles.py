"""The tile of stock that is low, and the list behind it."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from inventory.tiles import low_stock, tiles
from tests.inventory.builders import make_level
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_levels_at_their_reorder_point_are_low(client: Client) -> None:
    low = make_level(on_hand=3, reorder_point=3)
    make_level(on_hand=4, reorder_point=3)
    make_level()
    client.force_login(make_user(is_superuser=True))

    tile = low_stock()

    assert (tile.value, tile.level) == ("1", "warning")
    assert list(client.get(tile.url).context["cl"].result_list) == [low]


def test_nothing_low_is_nothing_to_do() -> None:
    assert (low_stock().value, low_stock().level) == ("0", "ok")


def test_who_may_not_see_stock_gets_no_tile() -> None:
    request = RequestFactory().get("/")
    request.user = make_user()

    assert list(tiles(request)) == []
