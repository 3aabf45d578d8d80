"""Nothing lies over its neighbour, and no page scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from finance.models import Invoice, Payment
from inventory.models import Location, ProductVariant, PurchaseOrderItem, StockLevel
from orders.models import Order
from orders.services import OrderLine
from returns.models import Warranty
from stateset.lib.admin import theme
from tests.browser.lists import faults
from tests.finance.builders import make_invoice, make_payment
from tests.inventory.builders import make_supplier
from tests.inventory.procurement.builders import make_sent_order
from tests.orders.builders import (
    NOON,
    make_address,
    make_confirmed_order,
    make_customer,
    make_order,
)
from tests.pages import change_url, list_url
from tests.returns.builders import (
    make_delivered_order,
    make_return,
    make_returnable_variant,
)

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
def test_a_row_is_one_line_of_its_list(page: Page) -> None:
    long_name = "Association of the Friends of Slowly Roasted Coffee"
    order = make_delivered_order(
        customer=make_customer(company=long_name),
        lines=[OrderLine(make_returnable_variant(warranty_months=3), 1)],
        promised_at=NOON,
    )
    make_payment(invoice=make_invoice(order), amount=order.total_amount)
    make_sent_order(12_000, supplier=make_supplier(name=long_name))
    ProductVariant.objects.update(name="Espresso cups, set of six, with saucers")
    Location.objects.update(name=f"Warehouse of the {long_name}")

    for model in (Payment, Invoice, PurchaseOrderItem, StockLevel, Warranty, Order):
        page.goto(list_url(model))
        assert page.locator("#result_list tr.data-row").count(), model
        for width in (1024, 1280, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert faults(page) == [], (model, width)

    shown = page.locator("#result_list [class*=field-name_] span")
    assert long_name in [each.get_attribute("title") for each in shown.all()]
