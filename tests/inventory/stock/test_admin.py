"""The pages of the stock: what staff type, press and read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from inventory.models import (
    Location,
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock import (
    adjust_stock,
    allocate_reservations,
    hold_stock,
    reserve_stock,
)
from stateset.system.models import AuditEntry
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.pages import buttons, listed, mistakes
from tests.inventory.stock.books import ledger, violations
from tests.orders.builders import make_order
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def columns(response: Any) -> str:
    """Return the page as text, for what stands in its cells."""
    return str(response.content.decode())


def test_a_level_is_opened_empty_with_its_reorder_point() -> None:
    variant, location = make_variant(), make_location()

    response = save(
        staff(),
        add_url(StockLevel),
        variant=variant.pk,
        location=location.pk,
        reorder_point="5",
        reorder_quantity="20",
    )

    level = StockLevel.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (level.variant, level.location) == (variant, location)
    assert (level.on_hand, level.reorder_point, level.reorder_quantity) == (0, 5, 20)


def test_quantities_are_read_and_the_reorder_point_is_typed() -> None:
    level = make_level(on_hand=7)
    client = staff()

    assert not {"on_hand", "reserved", "allocated"} & set(
        shown(client, change_url(level))
    )
    save(client, change_url(level), reorder_point="9")

    level.refresh_from_db()
    assert (level.reorder_point, level.on_hand) == (9, 7)


def test_stock_that_moved_meanwhile_is_neither_lost_nor_in_the_way() -> None:
    level = make_level(on_hand=7)
    client = staff()
    typed = shown(client, change_url(level)) | {"reorder_point": "9"}
    adjust_stock(level=level, delta=-2, reason="broken")

    response = client.post(change_url(level), typed, follow=True)

    assert response.redirect_chain, refusals(response)
    assert quantities(level) == (5, 0, 0)
    assert level.reorder_point == 9
    assert violations() == []


def test_an_adjustment_says_why() -> None:
    level = make_level(on_hand=7)

    response = act(staff(), level, "adjust", delta="-3", reason="fell off the truck")

    assert told(response) == [f"{level} is adjusted by -3."]
    assert quantities(level) == (4, 0, 0)
    entry = StockTransaction.objects.get(transaction_type="adjust")
    assert (entry.reason, entry.actor is None) == ("fell off the truck", False)
    audited = AuditEntry.objects.filter(resource_type="inventory").last()
    assert audited is not None
    assert audited.reason == "fell off the truck"


def test_an_adjustment_below_what_is_there_says_what_is_there() -> None:
    level = make_level(on_hand=2)

    response = act(staff(), level, "adjust", delta="-3", reason="lost")

    assert "There is not enough stock of" in columns(response)
    assert "3 wanted, 2 available" in columns(response)
    assert quantities(level) == (2, 0, 0)


def test_a_count_sets_what_is_on_hand() -> None:
    level = make_level(on_hand=7)

    response = act(
        staff(), level, "count", counted="6", expected="7", reason="yearly count"
    )

    assert told(response) == [f"{level} is counted: 6 on hand."]
    assert quantities(level) == (6, 0, 0)


def test_a_count_of_stock_that_moved_is_asked_for_again() -> None:
    level = make_level(on_hand=7)
    client = staff()
    page = client.get(action_url(level, "count"))
    assert page.context["form"]["expected"].value() == 7
    adjust_stock(level=level, delta=-1, reason="broken")

    response = act(client, level, "count", counted="7", expected="7", reason="yearly")

    assert "7 were on hand when counting began, 6 are now" in columns(response)
    assert quantities(level) == (6, 0, 0)


def test_a_transfer_goes_to_another_open_location() -> None:
    level = make_level(on_hand=7)
    target, closed = make_location(), make_location(is_active=False)
    client = staff()
    offered = client.get(action_url(level, "transfer")).context["form"].fields["target"]
    assert list(offered.queryset) == [target]
    assert closed not in offered.queryset

    response = act(
        client, level, "transfer", target=target.pk, quantity="4", reason="shelf full"
    )

    assert told(response) == [f"4 of {level.variant.sku} went to {target}."]
    assert quantities(level) == (3, 0, 0)
    assert violations() == []


def test_units_are_set_aside_until_the_end_of_a_day() -> None:
    level = make_level(on_hand=7)
    day = (timezone.now() + timedelta(days=3)).date()

    response = act(
        staff(), level, "hold", quantity="2", until=day.isoformat(), reason="Mr Hill"
    )

    assert told(response) == [f"2 of {level} are set aside."]
    assert quantities(level) == (7, 2, 0)
    reservation = StockReservation.objects.get()
    assert reservation.reference_type == "hold"
    assert reservation.expires_at is not None
    assert reservation.expires_at.date() == day + timedelta(days=1)
    assert ledger(level)[-1] == ("reserve", 0, 2, 0)
    assert StockTransaction.objects.get(transaction_type="reserve").reason == "Mr Hill"
    assert violations() == []


def test_nothing_is_set_aside_until_yesterday() -> None:
    level = make_level(on_hand=7)
    day = (timezone.now() - timedelta(days=2)).date()

    response = act(
        staff(), level, "hold", quantity="2", until=day.isoformat(), reason="Mr Hill"
    )

    assert "The stock was not set aside." in columns(response)
    assert quantities(level) == (7, 0, 0)


def test_what_was_set_aside_is_released_by_hand() -> None:
    level = make_level(on_hand=7)
    reservation = hold_stock(level=level, quantity=2, reason="Mr Hill")

    response = act(staff(), reservation, "release", reason="he came and went")

    assert told(response) == [f"2 units of {level} are available again."]
    assert quantities(level) == (7, 0, 0)
    assert violations() == []


def test_what_an_order_reserved_is_not_released_behind_its_back() -> None:
    level = make_level(on_hand=7)
    (reservation,) = reserve_stock(
        location=level.location,
        demands=[make_demand(level, 2)],
        reference=make_reference(),
    )
    client = staff()

    assert buttons(client.get(change_url(reservation))) == []
    response = client.get(action_url(reservation, "release"), follow=True)

    assert "it belongs to a document (order); cancel or change that" in columns(
        response
    )
    assert quantities(level) == (7, 2, 0)


def test_scrap_leaves_the_stock_for_good() -> None:
    level = make_level(on_hand=7)

    response = act(staff(), level, "scrap", quantity="2", reason="mould")

    assert told(response) == [f"2 of {level} are scrapped."]
    assert ledger(level)[-1] == ("scrap", -2, 0, 0)
    assert violations() == []


def test_quarantine_offers_no_promise_and_an_empty_level_nothing_to_take() -> None:
    quarantine = make_location(kind=Location.Kind.QUARANTINE)
    client = staff()

    full = make_level(location=quarantine, on_hand=1)
    empty = make_level()

    assert buttons(client.get(change_url(full))) == [
        "Count",
        "Adjust",
        "Transfer",
        "Scrap",
    ]
    assert buttons(client.get(change_url(empty))) == ["Count", "Adjust"]


def test_small_units_are_shown_as_people_weigh_them() -> None:
    variant = make_variant(uom="KG", uom_decimals=3)
    level = make_level(variant=variant, on_hand=12500)
    client = staff()

    assert "12.500 KG" in columns(client.get(list_url(StockLevel)))
    form = client.get(action_url(level, "adjust")).context["form"]
    assert form.fields["delta"].help_text == (
        "Below zero takes units away. In the smallest unit: 1,000 is 1 KG."
    )
    response = act(client, level, "adjust", delta="500", reason="found")
    assert told(response) == [f"{level} is adjusted by +0.500 KG."]


def test_a_row_names_the_document_it_is_for() -> None:
    level = make_level(on_hand=9)
    order = make_order()
    line, picked = make_demand(level, 1), make_demand(level, 2)
    reference = make_reference()
    reserve_stock(
        location=level.location,
        demands=[line, picked],
        reference=type(reference)("order", order.pk),
    )
    allocate_reservations(
        reservations_of=type(reference)("order", order.pk),
        to=make_reference("fulfillment_order"),
        line_ids=[picked.line_id],
    )
    client = staff()

    for model in (StockReservation, StockTransaction):
        page = columns(client.get(list_url(model)))
        assert f"/admin/orders/order/{order.pk}/change/" in page
        assert order.order_number in page
    # Its pick is gone, which the list survives.
    assert "Fulfilment order" in columns(client.get(list_url(StockAllocation)))


def test_low_levels_have_a_tab_of_their_own() -> None:
    low = make_level(on_hand=2, reorder_point=2)
    make_level(on_hand=3, reorder_point=2)
    make_level()

    response = staff().get(list_url(StockLevel), {"preset": "low"})

    assert listed(response) == [str(low)]


def test_levels_are_found_by_sku_and_by_location() -> None:
    level = make_level(variant=make_variant(sku="MUG-1"), on_hand=2)
    make_level()
    client = staff()

    by_sku = client.get(list_url(StockLevel), {"q": "mug-"})
    by_place = client.get(list_url(StockLevel), {"location": str(level.location_id)})

    assert listed(by_sku) == listed(by_place) == [str(level)]


def test_a_location_closes_by_a_button() -> None:
    location = make_location()
    client = staff()

    assert buttons(client.get(change_url(location))) == ["Close", "Make default"]
    assert told(act(client, location, "close")) == [f"{location} is closed."]

    location.refresh_from_db()
    assert not location.is_active
    assert buttons(client.get(change_url(location))) == ["Open", "Make default"]


def test_a_location_with_stock_says_why_it_stays_open() -> None:
    level = make_level(on_hand=2)

    response = act(staff(), level.location, "close")

    assert "it holds 2 units" in columns(response)
    assert Location.objects.get().is_active


def test_promised_stock_does_not_become_quarantine() -> None:
    level = make_level(on_hand=2)
    hold_stock(level=level, quantity=1, reason="Mr Hill")

    response = save(staff(), change_url(level.location), kind="quarantine")

    assert mistakes(response) == [
        "Stock here is promised to documents: it can't be a quarantine."
    ]


def test_the_ledger_is_only_read() -> None:
    level = make_level(on_hand=2, unit_cost=Decimal(3))
    entry = StockTransaction.objects.get()
    client = staff()

    assert client.get(change_url(entry)).status_code == 200
    assert client.get(add_url(StockTransaction)).status_code == 403
    assert client.post(change_url(entry), {"reason": "x"}).status_code == 403
    assert ledger(level) == [("receive", 2, 0, 0)]
