from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from inventory.models import StockLevel
from orders.admin import OrderAdmin
from orders.models import Order, OrderItem
from orders.services import (
    OrderLine,
    apply_payment_totals,
    cancel_order,
    hold_order,
    record_packed,
    update_order_details,
)
from stateset.lib.admin import GuidedAction, ReadOnlyInline
from stateset.lib.admin.columns import EMPTY
from stateset.system.models import Event
from tests.orders.builders import (
    default_location,
    make_address,
    make_confirmed_order,
    make_customer,
    make_order,
    make_order_in_work,
    make_short_order,
    make_stocked_variant,
    make_variant,
    stock,
)
from tests.pages import (
    act,
    add_url,
    change_url,
    delete_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def numbers(response) -> list[str]:
    return [order.order_number for order in response.context["cl"].result_list]


def test_the_list_shows_customer_states_and_money() -> None:
    make_order(
        order_number="A-1", lines=[OrderLine(make_variant(price=Decimal("1234.5")), 1)]
    )

    page = staff().get(list_url(Order)).content.decode()

    for text in ("A-1", "Ana Trujillo", "Pending", "Unpaid", "1,234.50 USD"):
        assert text in page


@pytest.mark.parametrize(
    "term", ["A-1", "a-1", "ana.t@example.com", "1Z99", "Trujillo", "ana trujillo"]
)
def test_search_finds_number_e_mail_tracking_and_name(term) -> None:
    customer = make_customer(email="ana.t@example.com")
    make_order(order_number="A-1", customer=customer)
    Order.objects.update(tracking_number="1Z99")
    make_order(
        order_number="B-2", customer=make_customer(last_name="Berg", first_name="Kim")
    )

    assert numbers(staff().get(list_url(Order), {"q": term})) == ["A-1"]


def test_presets_and_ranges_narrow_the_list() -> None:
    now = timezone.now()
    make_order(order_number="OLD", at=now - timedelta(days=9))
    make_confirmed_order(order_number="LATE", promised_at=now - timedelta(days=1))
    dear = [OrderLine(make_stocked_variant(price=Decimal(900)), 1)]
    make_order(order_number="DEAR", lines=dear, at=now)
    browser, url = staff(), list_url(Order)

    make_order(order_number="WAITS", promised_at=now - timedelta(days=2))
    held = make_order(order_number="HELD", promised_at=now - timedelta(days=3))
    hold_order(held, reason="address is wrong")
    cancel_order(
        make_order(order_number="GONE", promised_at=now - timedelta(days=4)),
        reason="double",
    )

    late = numbers(browser.get(url, {"preset": "late"}))
    assert sorted(late) == ["HELD", "LATE", "WAITS"]
    assert numbers(browser.get(url, {"preset": "to_ship"})) == ["LATE"]
    assert numbers(browser.get(url, {"preset": "today"})) == ["DEAR"]
    assert numbers(browser.get(url, {"preset": "on_hold"})) == ["HELD"]
    assert numbers(browser.get(url, {"total_amount_from": "500"})) == ["DEAR"]
    assert len(numbers(browser.get(url, {"preset": "open"}))) == 5


def test_a_list_of_more_orders_takes_no_more_queries(django_assert_max_num_queries):
    for _ in range(5):
        make_order()
    browser, url = staff(), list_url(Order)
    browser.get(url)

    with django_assert_max_num_queries(9):
        browser.get(url)


def test_adding_places_an_order_at_catalogue_prices() -> None:
    default_location()
    customer = make_customer()
    make_address(customer, is_default_shipping=True)
    tea = make_variant(sku="TEA", price=Decimal("4.50"), tax_rate=Decimal("0.1"))
    tofu = make_variant(sku="TOFU")

    response = save(
        staff(),
        add_url(Order),
        customer=customer.pk,
        shipping_total="5",
        items__0__variant=tea.pk,
        items__0__quantity="2",
        items__1__variant=tofu.pk,
        items__1__quantity="1",
        items__1__unit_price="8",
        items__1__discount="3",
    )

    order = Order.objects.get()
    assert response.redirect_chain, refusals(response)
    assert order.total_amount == Decimal("19.90")
    assert (order.status, order.channel) == ("pending", "phone")
    assert order.shipping_address["city"] == "Berlin"
    assert order.created_by is not None
    assert Event.objects.filter(event_type="order.placed").count() == 1
    assert list(order.items.order_by("line_number").values_list("sku", flat=True)) == [
        "TEA",
        "TOFU",
    ]


def test_what_the_service_refuses_stays_on_the_form() -> None:
    default_location()

    response = save(staff(), add_url(Order), customer=make_customer().pk)

    (refusal,) = refusals(response)
    assert refusal == (
        "The order was not placed. Why: it has no lines. "
        "What to do: add at least one line."
    )
    assert not Order.objects.exists()


def test_lines_of_a_pending_order_change_on_its_form() -> None:
    tea, tofu = make_variant(sku="TEA"), make_variant(sku="TOFU")
    order = make_order(lines=[OrderLine(tea, 1), OrderLine(tofu, 1)])
    browser, url = staff(), change_url(order)

    save(
        browser,
        url,
        shipping_total="7",
        notes="call first",
        items__0__quantity="5",
        items__1__DELETE="on",
    )

    order.refresh_from_db()
    assert order.total_amount == Decimal(57)
    assert order.notes == "call first"
    assert [item.sku for item in order.items.all()] == ["TEA"]


def test_a_form_saved_untouched_changes_nothing() -> None:
    order = make_order(promised_at=timezone.now())
    before = Order.objects.values().get(), list(OrderItem.objects.values())

    save(staff(), change_url(order))

    assert (Order.objects.values().get(), list(OrderItem.objects.values())) == before


def test_lines_of_a_confirmed_order_are_only_read() -> None:
    order = make_confirmed_order()

    data = shown(staff(), change_url(order))

    assert not [name for name in data if name.endswith("-quantity")]
    assert "shipping_total" not in data
    assert "status" not in data
    assert "notes" in data


def test_notes_of_a_confirmed_order_may_still_change() -> None:
    order = make_confirmed_order()

    save(staff(), change_url(order), notes="fragile")

    order.refresh_from_db()
    assert (order.notes, order.status) == ("fragile", "confirmed")


def test_the_second_of_two_people_is_shown_the_difference() -> None:
    order = make_order()
    browser, url = staff(), change_url(order)
    typed = {**shown(browser, url), "notes": "mine"}
    update_order_details(order, notes="theirs")

    response = browser.post(url, typed)

    assert response.status_code == 409
    assert "theirs" in response.content.decode()
    order.refresh_from_db()
    assert order.notes == "theirs"


def test_the_second_of_two_people_is_shown_the_lines_the_first_changed() -> None:
    tea, tofu, jam = (make_stocked_variant(sku=sku) for sku in ("TEA", "TOFU", "JAM"))
    order = make_order(lines=[OrderLine(tea, 1), OrderLine(tofu, 1)])
    browser, url = staff(), change_url(order)
    typed = {**shown(browser, url), "notes": "mine", "items-1-DELETE": "on"}
    typed |= {"items-2-variant": jam.pk, "items-2-quantity": "7"}
    first = {**shown(browser, url), "items-0-quantity": "5"}
    rice = make_stocked_variant(sku="RICE")
    first |= {"items-2-variant": rice.pk, "items-2-quantity": "1"}
    browser.post(url, {**first, "items-TOTAL_FORMS": "3"})

    response = browser.post(url, {**typed, "items-TOTAL_FORMS": "3"})

    assert response.status_code == 409
    apart = [
        (found.label, found.mine, found.saved)
        for found in response.context["differences"]
    ]
    one, two, added = map(str, order.items.order_by("line_number"))
    assert apart[0] == ("Notes", "mine", EMPTY)
    assert (f"{one}: Quantity", "1", "5") in apart
    assert (two, "removed", two) in apart
    assert (added, "not in your form", added) in apart
    (new,) = [mine for label, mine, _ in apart if label.startswith("New: ")]
    assert new.endswith("Quantity 7")


def test_confirming_holding_resuming_and_cancelling_are_buttons() -> None:
    order, browser = make_order(order_number="A-1"), staff()

    assert told(act(browser, order, "confirm")) == [
        "Order A-1 is confirmed; its stock is reserved."
    ]
    assert told(act(browser, order, "hold", reason="call first")) == [
        "Order A-1 is on hold."
    ]
    assert told(act(browser, order, "resume")) == [
        "Order A-1 goes on: it is confirmed."
    ]
    assert told(act(browser, order, "cancel", reason="asked by phone")) == [
        "Order A-1 is cancelled; its stock is available again."
    ]
    order.refresh_from_db()
    assert (order.status, order.status_reason) == ("cancelled", "asked by phone")


def test_money_that_was_paid_for_a_cancelled_order_is_not_forgotten() -> None:
    order = make_confirmed_order()
    apply_payment_totals(order, paid=Decimal(12), refunded=Decimal(0))

    (said,) = told(act(staff(), order, "cancel", reason="double"))

    assert said.endswith(" 12.00 USD was paid: refund it.")


def test_the_page_that_confirms_tells_what_is_there_first() -> None:
    order = make_order(lines=[OrderLine(make_stocked_variant(1, sku="TOFU"), 2)])
    browser = staff()

    response = act(browser, order, "confirm")

    assert response.status_code == 409
    assert ("TOFU", "2 ordered, 1 available") in response.context["facts"]
    assert "TOFU" in response.context["refused"]
    assert StockLevel.objects.get().reserved == 0


def test_what_is_there_is_confirmed_and_the_rest_reserved_when_it_comes() -> None:
    order, browser = make_short_order(), staff()
    sku = order.items.order_by("line_number")[0].sku
    assert {"Confirm", "Confirm what is there"} <= set(buttons(order))

    (said,) = told(act(browser, order, "confirm-partly"))

    assert said == (
        f"Order {order} is confirmed with what is there. It waits for 2 × {sku}."
    )
    stock(order.items.order_by("line_number")[0].variant, 1)
    assert "Reserve the rest" in buttons(order)
    (said,) = told(act(browser, order, "reserve-rest"))
    assert said == (
        f"1 more unit is reserved for order {order}. It still waits for 1 × {sku}."
    )


def buttons(order: Order) -> list[str]:
    page = staff().get(change_url(order))
    return [button["label"] for button in page.context["buttons"]]


def test_only_what_may_be_done_now_has_a_button() -> None:
    order = make_order_in_work()
    mine = {"Confirm", "Put on hold", "Resume", "Change addresses", "Cancel order"}
    assert mine & set(buttons(order)) == {"Put on hold", "Cancel order"}

    record_packed(order, quantities={order.items.get().pk: 1})

    assert mine & set(buttons(order)) == {"Put on hold"}


def test_another_address_of_the_customer_is_copied_into_the_order() -> None:
    order = make_confirmed_order()
    address = make_address(order.customer, city="Hamburg")

    act(staff(), order, "addresses", shipping=address.pk)

    order.refresh_from_db()
    assert order.shipping_address["city"] == "Hamburg"
    assert order.billing_address == {}


def test_addresses_are_shown_as_on_an_envelope_and_escaped() -> None:
    order = make_order(
        shipping_address={"line1": "<b>Obere</b> Str.", "city": "Berlin"}
    )

    page = staff().get(change_url(order)).content.decode()

    assert "<div>&lt;b&gt;Obere&lt;/b&gt; Str.</div>" in page


def test_apps_above_add_ledgers_and_actions_once() -> None:
    class LinesAgainInline(ReadOnlyInline):
        model = OrderItem
        fields = ("sku",)

    wave = GuidedAction("wave", "Wave", lambda row, request, data: "waved")
    order, before = make_order(), (OrderAdmin.inlines, OrderAdmin.guided_actions)
    try:
        for _ in range(2):
            OrderAdmin.extend(inlines=[LinesAgainInline], actions=[wave])

        assert list(OrderAdmin.inlines).count(LinesAgainInline) == 1
        assert buttons(order).count("Wave") == 1
        assert told(act(staff(), order, "wave")) == ["waved"]
        page = staff().get(add_url(Order))
        assert len(page.context["inline_admin_formsets"]) == 1
    finally:
        OrderAdmin.inlines, OrderAdmin.guided_actions = before


def test_a_pending_order_may_be_deleted_and_a_confirmed_one_not() -> None:
    browser = staff()
    pending, confirmed = make_order(), make_confirmed_order()

    sent = {"post": "yes"}
    browser.post(delete_url(pending), sent)
    refused = browser.post(delete_url(confirmed), sent)

    assert list(Order.objects.all()) == [confirmed]
    assert refused.status_code == 403


def test_lines_are_found_by_sku_and_order_number() -> None:
    make_order(order_number="A-1", lines=[OrderLine(make_variant(sku="TOFU"), 1)])
    make_order(order_number="B-2", lines=[OrderLine(make_variant(sku="TEA"), 1)])
    browser, url = staff(), list_url(OrderItem)

    for term in ("TOFU", "A-1"):
        page = browser.get(url, {"q": term})
        assert [item.sku for item in page.context["cl"].result_list] == ["TOFU"]
    item = OrderItem.objects.first()
    assert item is not None
    assert browser.get(change_url(item)).status_code == 200
