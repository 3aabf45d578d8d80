"""What becomes of each unit that came back, and what the ledger says of it."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from inventory.models import StockTransaction
from orders.services import OrderLine
from returns.errors import FindingsRefusedError
from returns.models import ReturnItem, ReturnRequest
from returns.services import Finding, inspect_return
from stateset.lib.states import InvalidTransitionError
from tests.orders.builders import NOON, make_variant, stock
from tests.returns.builders import (
    level_of,
    make_approved_return,
    make_delivered_order,
    make_inspected_return,
    make_paid_order,
    make_quarantine,
    make_received_return,
    make_returnable_variant,
    on_hand,
)

pytestmark = pytest.mark.django_db


def ledger() -> list[tuple[str, int, str]]:
    rows = StockTransaction.objects.filter(reference_type="return").order_by("pk")
    return [
        (row.transaction_type, row.on_hand_delta, row.level.location.kind)
        for row in rows.select_related("level__location")
    ]


def units(found: ReturnRequest) -> tuple[int, int, int]:
    item = found.items.get()
    return (
        item.quantity_restocked,
        item.quantity_quarantined,
        item.quantity_scrapped,
    )


def test_sellable_goods_go_back_on_the_shelf_at_what_they_cost_when_shipped():
    order = make_paid_order()
    stock(order.items.get().variant, 7, unit_cost=Decimal(6))

    found = make_inspected_return(order=order)

    assert found.status == ReturnRequest.Status.INSPECTED
    assert found.inspected_at == NOON
    assert on_hand(found) == 17
    assert units(found) == (3, 0, 0)
    assert found.items.get().restocked_at == NOON
    entry = StockTransaction.objects.get(reference_type="return")
    assert (entry.unit_cost, entry.idempotency_key) == (
        Decimal(4),
        f"return_item:{found.items.get().pk}:restock",
    )
    level = level_of(found)
    assert level is not None
    # 7 left and 3 back at 4.00, 7 newer ones at 6.00.
    assert level.average_cost == Decimal("4.823529")


def test_damaged_goods_go_to_quarantine_and_are_not_sellable():
    make_quarantine()
    found = make_inspected_return(Finding("damaged", quarantine=3))

    assert (on_hand(found), on_hand(found, "quarantine")) == (7, 3)
    assert ledger() == [("return", 3, "quarantine")]
    assert found.items.get().restocked_at is None


def test_scrapped_goods_are_taken_into_quarantine_and_written_off():
    make_quarantine()
    found = make_inspected_return(Finding("defective", scrap=3))

    assert (on_hand(found), on_hand(found, "quarantine")) == (7, 0)
    assert ledger() == [("return", 3, "quarantine"), ("scrap", -3, "quarantine")]
    scrap = StockTransaction.objects.get(transaction_type="scrap")
    assert scrap.reason == f"return {found}: defective"


def test_a_line_is_split_between_shelf_quarantine_and_scrap():
    make_quarantine()
    found = make_inspected_return(Finding("mixed", restock=1, quarantine=1, scrap=1))

    assert units(found) == (1, 1, 1)
    assert (on_hand(found), on_hand(found, "quarantine")) == (8, 1)
    assert ledger() == [
        ("return", 1, "warehouse"),
        ("return", 2, "quarantine"),
        ("scrap", -1, "quarantine"),
    ]


def test_a_return_to_the_quarantine_itself_scraps_once():
    quarantine = make_quarantine()
    found = make_inspected_return(
        Finding("mixed", restock=1, scrap=2), location=quarantine
    )

    assert on_hand(found, "quarantine") == 1


def test_lines_of_services_move_no_stock():
    line = OrderLine(make_variant(is_stocked=False), 1)
    goods = OrderLine(make_returnable_variant(), 1)

    make_inspected_return(order=make_paid_order(lines=[line, goods]))

    assert ledger() == [("return", 1, "warehouse")]


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (Finding("damaged", restock=3), "only new or opened goods sell"),
        (Finding("", restock=3), "the condition of .* is not given"),
        (Finding("worn", scrap=3), "the condition of .* is not given"),
        (Finding("new", restock=2), "3 × .* came, and 2 are accounted for"),
        (Finding("new", restock=2, scrap=2), "3 × .* came, and 4 are accounted for"),
        (Finding("mixed", restock=4, scrap=-1), "is below zero"),
        (Finding("mixed", restock=3), "all of it would be sold"),
        (None, "the condition of .* is not given"),
    ],
)
def test_what_can_not_be_found_is_refused_and_nothing_moves(finding, why):
    found = make_received_return()
    findings = {item.pk: finding for item in found.items.all() if finding}

    with pytest.raises(FindingsRefusedError, match=why):
        inspect_return(found, findings=findings)

    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.RECEIVED
    assert ledger() == []


def test_a_finding_of_a_line_that_did_not_come_is_refused():
    found, other = make_received_return(), make_received_return()

    with pytest.raises(FindingsRefusedError, match="a line that did not come"):
        inspect_return(
            found, findings={other.items.get().pk: Finding("new", restock=3)}
        )


@pytest.mark.parametrize("way", ["quarantine", "scrap"])
def test_without_a_quarantine_nothing_happens(way):
    found = make_received_return()
    findings = {found.items.get().pk: Finding("damaged", **{way: 3})}

    with pytest.raises(FindingsRefusedError, match="no active location of kind"):
        inspect_return(found, findings=findings)

    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.RECEIVED
    assert units(found) == (0, 0, 0)


def test_only_what_was_received_is_inspected():
    found = make_approved_return()

    with pytest.raises(InvalidTransitionError, match="it is approved"):
        inspect_return(found, findings={})


@pytest.mark.parametrize(
    "finding",
    [Finding("new", restock=3), Finding("damaged", scrap=3)],
)
def test_an_inspection_that_is_undone_by_sql_books_nothing_twice(finding):
    quarantine = make_quarantine()
    found = make_inspected_return(finding)
    # Something to scrap, were it not for the key.
    stock(found.items.get().order_item.variant, 9, location=quarantine)
    before = ledger()
    ReturnRequest.objects.update(status="received")
    found.refresh_from_db()

    with suppress(IntegrityError), transaction.atomic():
        inspect_return(found, findings={found.items.get().pk: finding})

    assert ledger() == before
    assert (on_hand(found), on_hand(found, "quarantine")) == (7 + finding.restock, 9)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"quantity_approved": 4}, "return_item_approved_within"),
        ({"quantity_received": 4}, "return_item_received_within"),
        ({"quantity_scrapped": 4}, "return_item_units_within_received"),
        ({"quantity_quarantined": 1}, "return_item_units_within_received"),
        ({"condition": "damaged"}, "return_item_restock_is_sellable"),
        ({"condition": "mixed"}, "return_item_mixed_not_all_sellable"),
        ({"condition": "wet"}, "return_item_condition_known"),
        ({"restocked_at": None}, "return_item_restocked_has_time"),
        ({"quantity": 0}, "return_item_"),
        ({"refund_amount": -1}, "return_item_refund_not_negative"),
    ],
)
def test_the_database_refuses_units_that_can_not_be(columns, rule):
    make_inspected_return()

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ReturnItem.objects.update(**columns)


def test_goods_do_not_wait_for_the_money():
    found = make_inspected_return(order=make_delivered_order())

    assert on_hand(found) == 10
