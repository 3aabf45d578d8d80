"""The home page as people use it: links, keys, the menu, a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, ViewportSize, expect

from tests.stateset.sample_rows import make_customer, make_order

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_a_tile_leads_to_the_list_behind_it(page: Page) -> None:
    page.goto("/admin/")
    page.locator(".ss-tile a", has_text="To ship").click()
    expect(page).to_have_url("/admin/orders/order/?preset=to_ship")
    expect(page.locator(".ss-tabs [aria-current]")).to_have_text("To ship")


def test_slash_and_a_number_lead_to_the_document(page: Page) -> None:
    order = make_order(1, make_customer(1))
    page.goto("/admin/")
    page.keyboard.press("/")
    page.keyboard.type("ord-2026-000001")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/admin/orders/order/{order.pk}/change/")


def test_all_of_the_page_is_reached_by_the_tab_key(page: Page) -> None:
    page.goto("/admin/")
    wanted = page.locator("#content a, #content button, #content input").count()
    reached = set()
    for _ in range(wanted + 150):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            """() => {
                const all = document.querySelectorAll(
                    "#content a, #content button, #content input"
                );
                return Array.from(all).indexOf(document.activeElement);
            }"""
        )
        if inside >= 0:
            reached.add(inside)
    assert reached == set(range(wanted))


def test_the_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/admin/")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    first = page.locator(".ss-tile").first.bounding_box()
    assert first is not None
    assert first["width"] > 140


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_passes_axe_on_a_phone_too(
    page: Page, axe: Callable[[Page], list[str]], scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # of two words
    page.set_viewport_size(PHONE)
    page.goto("/admin/")
    assert axe(page) == []
