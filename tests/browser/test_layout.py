"""Nothing lies over its neighbour, and no page scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from orders.models import Order
from stateset.lib.admin import theme
from tests.orders.builders import (
    NOON,
    make_address,
    make_confirmed_order,
    make_customer,
    make_order,
)
from tests.pages import change_url, list_url
from tests.returns.builders import make_return

WIDTHS = (1400, 1024, 390)
# Boxes of one row that lie over each other, by their labels.
OVERLAPS = """() => {
  const found = [];
  for (const row of document.querySelectorAll(".form-row, .ss-header dl")) {
    const boxes = [...row.querySelectorAll("label, input, select, .readonly, textarea")]
      .filter(box => box.offsetParent && !box.closest(".select2, table"))
      .map(box => [box, box.getBoundingClientRect()])
      .filter(([, place]) => place.width > 1 && place.height > 1);
    for (const [one, a] of boxes)
      for (const [other, b] of boxes)
        if (one !== other && !one.contains(other) && !other.contains(one)
            && a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1)
          found.push((one.name || one.textContent.trim()) + " / "
            + (other.name || other.textContent.trim()));
  }
  return found;
}"""
TOO_WIDE = (
    "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
)


@pytest.mark.parametrize("width", WIDTHS)
def test_fields_side_by_side_have_their_own_room(page: Page, width: int) -> None:
    address = make_address(make_customer())
    returned = make_return()
    page.set_viewport_size({"width": width, "height": 900})

    for row in (address, address.customer, returned, returned.order):
        page.goto(change_url(row))
        page.wait_for_load_state("networkidle")
        assert page.evaluate(OVERLAPS) == [], row
        assert page.evaluate(TOO_WIDE) <= 0, row


@pytest.mark.parametrize("width", WIDTHS)
def test_the_number_that_opens_a_document_looks_like_a_link(
    page: Page, width: int
) -> None:
    make_order()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(list_url(Order))

    opening = page.locator("#result_list tbody th a").first

    assert "underline" in opening.evaluate(
        "a => getComputedStyle(a).textDecorationLine"
    )


def test_money_in_the_lines_of_an_order_stands_at_the_right(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(change_url(make_confirmed_order()))

    gap = page.locator("#items-group td .ss-number").last.evaluate(
        """text => {
          const range = document.createRange();
          range.selectNodeContents(text);
          const cell = text.closest("td").getBoundingClientRect();
          return cell.right - range.getBoundingClientRect().right;
        }"""
    )

    assert gap <= 20


@pytest.mark.skipif(not theme.IS_THEMED, reason="the widths are the theme's")
@pytest.mark.parametrize("width", [1280, 1440])
def test_an_order_is_one_line_of_the_list(page: Page, width: int) -> None:
    names = ("Kim Berg", "Association of the Friends of Slowly Roasted Coffee")
    for name in names:
        make_order(customer=make_customer(company=name), promised_at=NOON)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(list_url(Order))

    heights = page.locator("#result_list tr.data-row").evaluate_all(
        "rows => rows.map(row => row.getBoundingClientRect().height)"
    )
    too_wide = page.locator("#result_list").evaluate(
        "list => list.scrollWidth - list.parentElement.clientWidth"
    )

    assert len(heights) == 2
    assert max(heights) < 40
    assert too_wide <= 0
    shown = page.locator("#result_list [class*=field-name_] span")
    assert names[1] in [each.get_attribute("title") for each in shown.all()]
