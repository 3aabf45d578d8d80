"""A company of many branches: its books are right, its numbers have no gaps."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models

from finance.models import Invoice
from fulfillment.models import Shipment
from inventory.models import Location, ProductVariant, StockTransaction
from orders.models import Customer, Order, OrderItem
from stateset.demo.living import HISTORY
from stateset.demo.names import plain_letters
from stateset.demo.seeding import SeedOutcome, seed_demo
from stateset.lib.invariants import all_invariants, violations
from stateset.system.models import AuditEntry, Event, NumberSequence, OutboxMessage
from stateset.system.services import next_number
from stateset.system.triggers import triggers_of
from tests.stateset.admin_walk import NOON
from tests.stateset.test_demo import other_plans, snapshot, undone

BRANCHES = 4

pytestmark = [pytest.mark.django_db, pytest.mark.history]


def seed(orders: int = 120) -> SeedOutcome:
    return seed_demo(
        orders=orders, seed=7, now=NOON, branch_orders=-(-orders // BRANCHES)
    )


@pytest.mark.long
def test_branches_are_as_right_as_the_one_that_was_lived() -> None:
    outcome = seed()

    assert outcome.branches == BRANCHES
    assert list(violations(all_invariants())) == []
    numbers_go_on_without_gaps()
    branches_differ_where_they_should(outcome)
    what_is_shared_is_there_once()
    times_are_those_of_the_half_year()
    one_note_stands_for_all()


@pytest.mark.exhaustive
@pytest.mark.long
def test_the_same_seed_gives_the_same_branches() -> None:
    def live() -> list[Any]:
        seed()
        return snapshot()

    first = undone(live)
    with other_plans():
        assert undone(live) == first


def numbers_go_on_without_gaps() -> None:
    for model, column in ((Order, "order_number"), (Invoice, "invoice_number")):
        by_series: dict[str, set[int]] = defaultdict(set)
        given = model._base_manager.exclude(**{column: None})
        for number in given.values_list(column, flat=True):
            series, _, running = number.rpartition("-")
            by_series[series].add(int(running))
        for series, numbers in by_series.items():
            counter = NumberSequence.objects.get(key=series)
            assert numbers == set(range(1, counter.next_value)), series
    after = NumberSequence.objects.get(key="ORD-2026").next_value
    assert next_number("ORD", at=NOON) == f"ORD-2026-{after:06d}"


def branches_differ_where_they_should(outcome: SeedOutcome) -> None:
    assert outcome.orders % BRANCHES == 0
    assert outcome.orders >= 100
    codes = Location.objects.order_by("code").values_list("code", flat=True)
    assert list(codes)[:BRANCHES] == ["BER", "BER-002", "BER-003", "BER-004"]
    assert Location.objects.filter(is_default=True).count() == 1
    people = set(Customer.objects.values_list("first_name", "last_name"))
    assert len(people) > outcome.customers // 2
    for customer in Customer.objects.exclude(email=None):
        first, last = map(plain_letters, (customer.first_name, customer.last_name))
        assert (customer.email or "").startswith(f"{first}.{last}")
    for order in Order.objects.exclude(customer__email=None).select_related("customer"):
        assert order.customer_email == order.customer.email
        names = f"{order.customer.first_name} {order.customer.last_name}"
        assert order.shipping_address["name"] == names
    for shipment in Shipment.objects.exclude(tracking_number="").select_related(
        "order"
    ):
        assert shipment.tracking_number == shipment.order.tracking_number
    placed = Event.objects.filter(event_type="order.placed")
    orders = Order.objects.in_bulk(placed.values_list("aggregate_id", flat=True))
    for event in placed:
        number = event.payload.get("number") or event.payload.get("order_number")
        assert number in (None, orders[event.aggregate_id].order_number)
    keys = [*Order.objects.values_list("pk", flat=True)]
    assert {key.version for key in keys} == {7}
    assert len({key.int >> 64 for key in keys}) == len(keys)


def what_is_shared_is_there_once() -> None:
    assert ProductVariant.objects.filter(sku="BE-HOUSE-250").count() == 1
    lines = OrderItem.objects.filter(
        sku="BE-HOUSE-250", order__location__kind=Location.Kind.WAREHOUSE
    )
    assert lines.values("order__location").distinct().count() == BRANCHES
    of_bills = Event.objects.filter(aggregate_type="billofmaterials")
    told = list(of_bills.values_list("aggregate_id", "event_type"))
    assert told
    assert len(told) == len(set(told))


def times_are_those_of_the_half_year() -> None:
    times = Order.objects.aggregate(models.Min("order_date"), models.Max("order_date"))
    assert times["order_date__max"] <= NOON
    assert times["order_date__min"] >= NOON - HISTORY - timedelta(hours=6)
    delivered = Order.objects.exclude(delivered_at=None)
    assert delivered.exists()
    assert not delivered.filter(delivered_at__lt=models.F("shipped_at")).exists()
    assert StockTransaction.objects.values("occurred_at").distinct().count() > 100


def one_note_stands_for_all() -> None:
    note = AuditEntry.objects.get(action="demo.branches_written")
    assert note.actor_label == "seed_demo"
    assert note.changes["branches"] == BRANCHES
    assert not AuditEntry.objects.filter(resource_type="orders").exists()
    assert AuditEntry.objects.filter(resource_type="product_variants").exists()
    assert not OutboxMessage.objects.exists()
    assert triggers_of(connection).missing(connection) == []
    # The triggers are back: what happens from now on is audited.
    order = Order.objects.earliest("order_number")
    Order.objects.filter(pk=order.pk).update(notes="call first")
    entry = AuditEntry.objects.get(resource_type="orders")
    assert UUID(entry.resource_id) == order.pk
