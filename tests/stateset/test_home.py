"""The home page: tiles by discovery, the menu by areas, the box that finds numbers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory

from orders.models import Customer, Order
from stateset import home, sidebar
from stateset.lib.discovery import discover
from stateset.lib.tiles import Tile, count_text, list_url
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import make_customer, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def source(tiles: Any, name: str = "orders.tiles") -> ModuleType:
    module = ModuleType(name)
    module.tiles = tiles  # type: ignore[attr-defined]  # made for the test
    return module


def request_of(user: Any = None) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = user or make_user(is_superuser=True)
    return request


def test_tiles_are_sorted_by_their_order() -> None:
    late, early = Tile("Late", 1, order=20), Tile("Today", 2, order=0)
    sources = [source(lambda request: [late]), source(lambda request: iter([early]))]
    assert home.collect_tiles(request_of(), sources) == [early, late]


def test_a_broken_tile_shows_as_unknown_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(request: HttpRequest) -> Iterator[Tile]:
        yield Tile("Half", 1)
        raise ZeroDivisionError("secret detail")

    good = Tile("Good", 1)
    with caplog.at_level(logging.ERROR):
        tiles = home.collect_tiles(
            request_of(), [source(broken), source(lambda request: [good])]
        )

    assert tiles[0] == good
    assert (tiles[1].title, tiles[1].value, tiles[1].level) == (
        "Orders",
        "Unknown",
        "unknown",
    )
    assert "secret" not in tiles[1].note
    assert "The tiles of orders.tiles could not be made." in caplog.text
    assert "secret detail" in caplog.text


def test_a_slow_source_delays_one_page_and_not_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(home, "SLOW_SECONDS", 0)
    calls = []

    def slow(request: HttpRequest) -> list[Tile]:
        calls.append(request)
        return [Tile("Slow", 1)]

    first = home.collect_tiles(request_of(), [source(slow)])
    second = home.collect_tiles(request_of(), [source(slow)])

    assert [tile.title for tile in first] == ["Slow"]
    assert second[0].note == "takes too long; tried again in a few minutes"
    assert len(calls) == 1
    assert "The tiles of orders.tiles took" in caplog.text


def test_tiles_are_kept_a_moment_for_each_user(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def collect(request: HttpRequest, sources: object) -> list[Tile]:
        calls.append(request)
        return [Tile("Calls", len(calls))]

    monkeypatch.setattr(home, "collect_tiles", collect)
    ada, ben = make_user(), make_user()

    assert home.read_tiles(request_of(ada))[0].value == 1
    assert home.read_tiles(request_of(ada))[0].value == 1
    assert home.read_tiles(request_of(ben))[0].value == 2


def test_a_count_of_a_tile_ends_at_its_cap() -> None:
    for number in range(1, 4):
        make_customer(number)
    assert count_text(Customer.objects.all()) == "3"
    assert count_text(Customer.objects.all(), cap=2) == "2+"


def test_the_page_shows_tiles_as_links_with_words(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = list_url(Order, preset="late")
    tile = Tile("Late", "7", note="since Monday", url=url, level="critical")
    monkeypatch.setattr(home, "read_tiles", lambda request: [tile])

    page = " ".join(staff.get("/admin/").content.decode().split())

    assert f'<a href="{url}">' in page
    assert "<strong>Urgent</strong> · since Monday" in page


def test_every_app_that_has_tiles_can_be_asked(staff: Client) -> None:
    response = staff.get("/admin/")
    assert response.status_code == 200
    assert [tile for tile in response.context["tiles"] if tile.level == "unknown"] == []
    for tile in response.context["tiles"]:
        if tile.url:
            assert staff.get(tile.url).status_code == 200, tile


def test_the_page_is_empty_and_kind_for_who_may_see_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "read_tiles", lambda request: [])
    client.force_login(make_user())
    response = client.get("/admin/")
    assert response.context["areas"] == []
    assert "Ask an administrator to add you to a group." in response.content.decode()


def test_every_registered_model_has_its_place_in_the_menu_once() -> None:
    placed = [model for area in sidebar.AREAS for model in sidebar.area_models(area)]
    assert sorted(map(str, placed)) == sorted(map(str, admin.site._registry))


def test_the_menu_hides_what_one_may_not_see(client: Client) -> None:
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    request = request_of(user)

    (area,) = sidebar.menu(request)
    (entry,) = area["models"]
    assert (area["name"], entry["name"]) == ("Commerce", "Customers")
    assert entry["view_only"]
    titles = [group["title"] for group in sidebar.navigation(request)]
    assert titles == ["", "Commerce"]


def test_the_box_goes_straight_to_the_only_hit(staff: Client) -> None:
    ada = make_customer(1)
    order = make_order(1, ada)
    make_order(2, ada)

    for term in ("ORD-2026-000001", " ord-2026-000001 "):
        response = staff.get("/admin/find/", {"q": term})
        assert response.headers["Location"] == f"/admin/orders/order/{order.pk}/change/"


def test_the_box_lets_one_choose_among_several(staff: Client) -> None:
    ada = make_customer(1)
    make_order(1, ada, tracking_number=ada.customer_number)
    page = " ".join(
        staff.get("/admin/find/", {"q": "cus-2026-000001"}).content.decode().split()
    )

    assert f'>{ada}</a> <span class="ss-quiet">Customer</span>' in page
    assert '>ORD-2026-000001</a> <span class="ss-quiet">Order</span>' in page


@pytest.mark.parametrize("term", ["nothing", "", "\x00", "x" * 5000])
def test_the_box_says_what_it_can_find(staff: Client, term: str) -> None:
    response = staff.get("/admin/find/", {"q": term}, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    (message,) = response.context["messages"]
    assert "Type a whole order, return, tracking or stock number" in str(message)


def test_the_box_finds_only_what_one_may_see(client: Client) -> None:
    make_order(1, make_customer(1))
    client.force_login(make_user())
    response = client.get("/admin/find/", {"q": "ORD-2026-000001"})
    assert response.headers["Location"] == "/admin/"


def test_every_column_of_the_box_meets_an_index() -> None:
    without = [
        f"{lookup.model._meta.label}.{column}"
        for source in discover("quick_search")
        for lookup in source.LOOKUPS
        for column in lookup.columns
        if column not in indexed_first(lookup.model)
    ]
    assert without == []


def indexed_first(model: Any) -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    return {entry["columns"][0] for entry in found.values() if entry["columns"]}


def test_what_one_did_is_listed(client: Client) -> None:
    user = make_user(is_superuser=True)
    client.force_login(user)
    assert "Nothing yet." in client.get("/admin/").content.decode()

    ada = make_customer(1)
    LogEntry.objects.log_actions(
        user.pk, [ada], CHANGE, "Changed notes.", single_object=True
    )

    page = " ".join(client.get("/admin/").content.decode().split())
    assert f'<a href="/admin/orders/customer/{ada.pk}/change/">{ada}</a>' in page
    assert "Changed, customer," in page


def test_only_one_package_imports_the_theme() -> None:
    root = Path(__file__).parent.parent.parent
    importing = [
        path.relative_to(root).as_posix()
        for folder in ("stateset", "orders", "inventory", "returns", "finance")
        for path in (root / folder).rglob("*.py")
        if "import unfold" in (text := path.read_text()) or "from unfold" in text
    ]
    assert importing == ["stateset/lib/admin/theme.py"]
