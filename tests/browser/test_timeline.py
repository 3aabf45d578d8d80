"""The timeline of a document, and the way to mend one by hand, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services import create_shipment
from orders.models import Order
from orders.services import hold_order
from tests.fulfillment.builders import make_packed
from tests.orders.builders import make_confirmed_order
from tests.pages import change_url

WIDTHS = (1400, 390)


@pytest.mark.parametrize(
    "scheme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)]
)
def test_it_breaks_no_rule_and_fits_a_phone(
    page: Page,
    axe: Callable[[Page], list[str]],
    scheme: Literal["light", "dark"],
) -> None:
    packed = make_packed()
    create_shipment(packed)
    hold_order(packed.order, reason="a reason as long as it may be " * 8)
    page.emulate_media(color_scheme=scheme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(change_url(packed.order))
        expect(page.locator("#timeline li").first).to_contain_text("Held")
        assert axe(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_document_is_mended_by_hand(
    page: Page, axe: Callable[[Page], list[str]]
) -> None:
    order = make_confirmed_order()
    page.goto(change_url(order))
    page.get_by_role("link", name="Edit anyway…").click()
    expect(page.get_by_text("Only for a mistake that no button mends.")).to_be_visible()
    assert axe(page) == []

    page.get_by_label("Tracking number").fill("1Z999")
    page.get_by_label("Reason", exact=False).last.fill("typed into the wrong order")
    page.get_by_role("button", name="Edit anyway").click()

    newest = page.locator("#timeline li").first
    expect(newest).to_contain_text("Edited by hand")
    expect(newest).to_contain_text("by admin")
    expect(newest).to_contain_text("empty → 1Z999")
    expect(newest).to_contain_text("“typed into the wrong order”")
    assert Order.objects.get().tracking_number == "1Z999"
