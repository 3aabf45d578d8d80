"""The pages of purchasing: what staff type, press and read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from inventory.models import (
    ItemReceipt,
    PurchaseOrder,
    PurchaseOrderItem,
    ShippingNotice,
    ShippingNoticeItem,
    Supplier,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    approve_purchase_order,
    block_supplier,
    create_shipping_notice,
    receive_purchase_order,
    submit_purchase_order,
)
from tests.inventory.builders import make_location, make_supplier, make_variant
from tests.inventory.pages import buttons, listed
from tests.inventory.procurement.builders import (
    line_counts,
    line_ids,
    make_purchase_order,
    make_sent_order,
)
from tests.pages import (
    act,
    add_url,
    change_url,
    delete_url,
    list_url,
    refusals,
    save,
    staff,
    told,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_adding_an_order_prices_and_numbers_its_lines() -> None:
    supplier, bolt, nut = make_supplier(), make_variant(), make_variant()
    main = make_location(is_default=True)

    response = save(
        staff(),
        add_url(PurchaseOrder),
        supplier=supplier.pk,
        shipping_total="5",
        items__0__variant=bolt.pk,
        items__0__quantity_ordered="3",
        items__0__unit_cost="0.335",
        items__0__tax_rate="0",
        items__2__variant=nut.pk,
        items__2__quantity_ordered="10",
        items__2__unit_cost="2",
        items__2__tax_rate="0.1",
    )

    order = PurchaseOrder.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (order.status, order.ship_to) == ("draft", main)
    assert list(order.items.order_by("line_number").values_list("line_number")) == [
        (1,),
        (2,),
    ]
    assert (order.subtotal, order.tax_total) == (Decimal("21.01"), Decimal(2))
    assert order.total == Decimal("28.01")
    assert order.created_by is not None


def test_an_order_that_is_refused_is_shown_again_and_not_saved() -> None:
    supplier = make_supplier()
    make_location(is_default=True)
    block_supplier(supplier, reason="unpaid deliveries")

    response = save(staff(), add_url(PurchaseOrder), supplier=supplier.pk)

    assert refusals(response) == [
        (
            f"The purchase order was not made. Why: supplier {supplier} is blocked."
            " What to do: unblock the supplier, or order from another one."
        )
    ]
    assert not PurchaseOrder.objects.exists()


def test_lines_and_header_of_a_draft_change_and_are_priced_anew() -> None:
    order = make_purchase_order(10, 4)

    response = save(
        staff(),
        change_url(order),
        shipping_total="1.50",
        items__0__quantity_ordered="20",
        items__1__DELETE="on",
    )

    order.refresh_from_db()
    assert response.redirect_chain, refusals(response)
    assert order.items.get().quantity_ordered == 20
    assert order.total == Decimal("51.50")


def test_a_submitted_order_shows_its_lines_and_keeps_them() -> None:
    order = submit_purchase_order(make_purchase_order(10))
    browser = staff()

    response = browser.get(change_url(order))
    (lines, *_) = response.context["inline_admin_formsets"]
    assert not lines.has_change_permission
    assert buttons(response) == ["Approve", "Send back", "Cancel order"]

    save(browser, change_url(order), notes="call before delivery", shipping_total="99")
    order.refresh_from_db()
    assert (order.notes, order.shipping_total) == ("call before delivery", Decimal(0))


def member_of(group: str) -> Client:
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("group", ["Warehouse", "Production"])
def test_who_only_works_with_stock_approves_no_order(group: str) -> None:
    order = submit_purchase_order(make_purchase_order(10))
    browser = member_of(group)

    shown = buttons(browser.get(change_url(order)))
    page = f"{change_url(order)[: -len('change/')]}do/approve/"
    refused = browser.post(page, {})

    assert "Approve" not in shown
    assert refused.status_code == 403
    order.refresh_from_db()
    assert order.status == "submitted"


@pytest.mark.parametrize("group", ["Buyer", "Manager"])
def test_buyers_and_managers_approve_orders(group: str) -> None:
    order = submit_purchase_order(make_purchase_order(10))

    act(member_of(group), order, "approve")

    order.refresh_from_db()
    assert order.status == "approved"


def test_an_open_order_is_expected_on_another_day() -> None:
    order = make_sent_order(10)
    later = timezone.now().date() + timedelta(days=30)

    save(staff(), change_url(order), expected_on=later.isoformat())

    order.refresh_from_db()
    assert order.expected_on == later


def test_an_order_goes_all_the_way_by_its_buttons() -> None:
    order = make_purchase_order(10, 4)
    first, second = line_ids(order)
    browser = staff()

    act(browser, order, "submit")
    act(browser, order, "approve")
    act(browser, order, "send", expected_on=date(2030, 1, 1).isoformat())
    response = act(
        browser,
        order,
        "receive",
        **{
            f"good_{first}": "9",
            f"rejected_{first}": "1",
            f"good_{second}": "4",
            f"rejected_{second}": "",
            "location": order.ship_to_id,
        },
    )

    order.refresh_from_db()
    receipt = ItemReceipt.objects.get(quantity=9)
    assert told(response) == [
        (
            f"13 units are in stock by receipt {receipt}; purchase order {order} is"
            " partly received."
        )
    ]
    assert order.expected_on == date(2030, 1, 1)
    assert line_counts(order) == [(9, 1), (4, 0)]
    page = browser.get(change_url(order)).content.decode()
    assert f'href="{change_url(receipt)}"' in page
    act(browser, order, "close", reason="the supplier has no more")
    order.refresh_from_db()
    assert order.status == "closed"


def test_the_receiving_page_offers_what_is_open() -> None:
    order = make_sent_order(10, 4)
    first, second = line_ids(order)
    receive_purchase_order(order, quantities={first: 10, second: 1})
    notice = announce_shipping_notice(order, quantities={second: 2})

    response = staff().get(f"{change_url(order)[: -len('change/')]}do/receive/")

    form = response.context["form"]
    assert f"good_{first}" not in form.fields
    assert form.fields[f"good_{second}"].initial == 3
    assert response.context["facts"] == [
        (str(notice), "is announced: receive what it brings on its own page")
    ]


def test_too_much_is_refused_on_the_page() -> None:
    order = make_sent_order(10)
    (line,) = line_ids(order)

    response = act(
        staff(),
        order,
        "receive",
        **{
            f"good_{line}": "9",
            f"rejected_{line}": "2",
            "location": order.ship_to_id,
        },
    )

    sku = order.items.get().variant.sku
    assert response.context["refused"] == (
        f"Nothing was received on purchase order {order}. Why: 11 of {sku} came, 10 are"
        " open on line 1. What to do: receive at most what is open; order the rest"
        " first."
    )
    assert line_counts(order) == [(0, 0)]


def test_orders_are_found_and_narrowed() -> None:
    due = make_sent_order(supplier=make_supplier(code="ACME", name="Acme Tools"))
    PurchaseOrder.objects.update(
        ordered_on=date(2026, 11, 1), expected_on=date(2026, 11, 2)
    )
    make_purchase_order()
    browser, url = staff(), list_url(PurchaseOrder)
    for term in (str(due), "acme", "ACME", "tools"):
        assert listed(browser.get(url, {"q": term})) == [str(due)]
    assert listed(browser.get(url, {"preset": "due"})) == [str(due)]
    assert listed(browser.get(url, {"preset": "to_approve"})) == []
    lines = browser.get(list_url(PurchaseOrderItem), {"preset": "incoming"})
    assert listed(lines) == [f"{due} line 1"]


def test_only_a_draft_is_deleted() -> None:
    draft, sent = make_purchase_order(), make_sent_order()
    browser = staff()

    browser.post(delete_url(draft), {"post": "yes"})
    response = browser.post(delete_url(sent), {"post": "yes"})

    assert response.status_code == 403
    assert list(PurchaseOrder.objects.all()) == [sent]


def test_a_supplier_is_added_blocked_and_unblocked() -> None:
    browser = staff()
    save(
        browser,
        add_url(Supplier),
        code="ACME",
        name="Acme Tools",
        currency="USD",
        payment_terms_days="30",
    )
    supplier = Supplier.objects.get()

    act(browser, supplier, "block", reason="unpaid deliveries")
    supplier.refresh_from_db()
    assert supplier.status == "blocked"
    shown = browser.get(list_url(Supplier), {"preset": "blocked"})
    assert listed(shown) == ["ACME Acme Tools"]
    act(browser, supplier, "unblock")

    supplier.refresh_from_db()
    assert supplier.status == "active"


def test_lists_take_no_more_queries_for_more_rows(django_assert_max_num_queries):
    for _ in range(4):
        order = make_sent_order(10)
        notice = create_shipping_notice(order)
        receive_purchase_order(order, quantities={line_ids(order)[0]: 10})
    browser = staff()
    for model in (
        PurchaseOrder,
        PurchaseOrderItem,
        ShippingNotice,
        ShippingNoticeItem,
        ItemReceipt,
        Supplier,
    ):
        browser.get(list_url(model))
        with django_assert_max_num_queries(9):
            browser.get(list_url(model))
    for row in (order, notice, ItemReceipt.objects.first(), order.supplier):
        browser.get(change_url(row))
        with django_assert_max_num_queries(30):
            browser.get(change_url(row))


def test_somebody_else_approves_in_bulk_and_skips_are_told() -> None:
    waiting = submit_purchase_order(make_purchase_order())
    draft = make_purchase_order()
    approve_purchase_order(submit_purchase_order(make_purchase_order()))
    url = list_url(PurchaseOrder)

    response = staff().post(
        url,
        {"action": "do_approve", "_selected_action": [waiting.pk, draft.pk]},
    )

    plan = response.context["plan"]
    assert plan.ready == [waiting]
    assert plan.skipped == [(draft, "it is draft")]
