"""Purchase orders as drafts: their money, and what can't be written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from inventory.errors import (
    CurrencyMismatchError,
    InvalidDateError,
    InvalidQuantityError,
    LocationNotUsableError,
    NotADraftError,
    SupplierBlockedError,
)
from inventory.models import PurchaseOrder
from inventory.services.procurement import (
    PurchaseLine,
    block_supplier,
    create_purchase_order,
    recalculate_purchase_order,
    submit_purchase_order,
)
from stateset.lib.journal import acting
from stateset.system.models import Event
from tests.inventory.builders import make_location, make_supplier, make_variant
from tests.inventory.procurement.builders import make_purchase_order
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_each_line_is_rounded_before_lines_are_summed() -> None:
    order = make_purchase_order(
        lines=[
            PurchaseLine(make_variant(), 3, Decimal("0.335"), Decimal("0.075")),
            PurchaseLine(make_variant(), 7, Decimal("1.005"), Decimal("0.075")),
        ],
        shipping_total=Decimal("4.999"),
    )

    order.refresh_from_db()
    totals = list(
        order.items.order_by("line_number").values_list("line_total", flat=True)
    )
    assert totals == [Decimal("1.01"), Decimal("7.04")]
    assert order.subtotal == Decimal("8.05")
    assert order.tax_total == Decimal("0.61")
    assert order.shipping_total == Decimal("5.00")
    assert order.total == Decimal("13.66")


def test_a_new_order_is_a_numbered_draft_that_knows_who_made_it() -> None:
    buyer = make_user()
    when = datetime(2025, 3, 4, 9, tzinfo=UTC)

    with acting(actor_id=str(buyer.pk)):
        order = make_purchase_order(ordered_on=None, at=when)

    assert order.status == "draft"
    assert order.po_number == "PO-2025-000001"
    assert order.ordered_on == date(2025, 3, 4)
    assert order.created_by == buyer
    event = Event.objects.get(event_type="purchase_order.created")
    assert event.aggregate_id == order.pk
    assert event.occurred_at == when
    assert event.payload["total"] == "25.00"


def test_goods_go_to_the_default_location_unless_one_is_named() -> None:
    main = make_location(is_default=True)

    order = create_purchase_order(supplier=make_supplier(), lines=[])

    assert order.ship_to == main


def test_without_a_default_location_one_must_be_named() -> None:
    with pytest.raises(LocationNotUsableError) as refused:
        create_purchase_order(supplier=make_supplier(), lines=[])

    assert str(refused.value) == (
        "The purchase order was not made.\n"
        "  why: no location was named, and none is the default\n"
        "  fix: name the location that gets the goods, or make one the default"
    )
    assert not PurchaseOrder.objects.exists()


def test_a_blocked_supplier_gets_no_order() -> None:
    supplier = make_supplier(code="ACME", name="Acme")
    block_supplier(supplier, reason="unpaid deliveries")

    with pytest.raises(SupplierBlockedError) as refused:
        make_purchase_order(supplier=supplier)

    assert str(refused.value) == (
        "The purchase order was not made.\n"
        "  why: supplier ACME Acme is blocked\n"
        "  fix: unblock the supplier, or order from another one"
    )
    assert not PurchaseOrder.objects.exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"quantity": 0}, "it is 0"),
        ({"quantity": -4}, "it is -4"),
        ({"unit_cost": Decimal(-1)}, "it is -1"),
        ({"tax_rate": Decimal(19)}, "its tax rate is 19"),
    ],
)
def test_a_line_that_can_not_be_is_refused(line, why) -> None:
    values = {"variant": make_variant(), "quantity": 1, "unit_cost": Decimal(1)}

    with pytest.raises(InvalidQuantityError) as refused:
        make_purchase_order(lines=[PurchaseLine(**{**values, **line})])

    assert refused.value.why == why
    assert not PurchaseOrder.objects.exists()


def test_a_cost_in_another_currency_than_the_stock_is_refused() -> None:
    variant = make_variant(sku="BOLT", currency="EUR")

    with pytest.raises(CurrencyMismatchError) as refused:
        make_purchase_order(lines=[PurchaseLine(variant, 1, Decimal(1))])

    assert str(refused.value) == (
        "BOLT was not ordered.\n"
        "  why: it is valued in EUR, the order is in USD\n"
        "  fix: order it in EUR"
    )


def test_goods_are_not_expected_before_they_are_ordered() -> None:
    with pytest.raises(InvalidDateError) as refused:
        make_purchase_order(expected_on=date(2026, 10, 31))

    assert refused.value.why == (
        "the goods are expected on 2026-10-31, before 2026-11-01"
    )


def test_edited_lines_are_priced_anew() -> None:
    order = make_purchase_order(10, 4)
    order.items.filter(line_number=1).update(quantity_ordered=20)
    order.items.filter(line_number=2).delete()
    version = order.version

    recalculate_purchase_order(order)

    order.refresh_from_db()
    assert order.items.get().line_total == Decimal("50.00")
    assert order.total == Decimal("50.00")
    assert order.version == version + 1


def test_lines_of_a_submitted_order_stay() -> None:
    order = make_purchase_order()
    submit_purchase_order(order)

    with pytest.raises(NotADraftError) as refused:
        recalculate_purchase_order(order)

    assert str(refused.value) == (
        f"Purchase order {order} was not changed.\n"
        "  why: it is waiting for approval, not a draft\n"
        "  fix: send it back to draft while it waits for approval, or make another one"
    )
