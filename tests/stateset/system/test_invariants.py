"""The system's own rules, each broken by hand and named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from orders.models import Order
from orders.services import cancel_order, confirm_order
from stateset.lib.invariants import named_invariants, violations
from stateset.system.models import Event, NumberSequence, OutboxMessage
from stateset.system.services import record_event, telling_nobody
from stateset.system.triggers import ledgers_open, triggers_of
from tests.orders.builders import NOON, make_customer, make_order
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def found(name: str) -> list[str]:
    rules = named_invariants([name])
    return [str(violation) for _, violation in violations(rules)]


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


OFF = {
    "postgresql": "ALTER TABLE events DISABLE TRIGGER stateset_append_only",
    "sqlite": "DROP TRIGGER stateset_append_only_events_delete",
}
ON = {"postgresql": "ALTER TABLE events ENABLE TRIGGER stateset_append_only"}
REPLACED = {
    "postgresql": "CREATE OR REPLACE FUNCTION stateset_append_only() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    "sqlite": "CREATE TRIGGER stateset_append_only_events_delete BEFORE DELETE ON"
    " events BEGIN SELECT 1; END",
}
REPLACED_NAME = {
    "postgresql": "stateset_append_only",
    "sqlite": "events.stateset_append_only_events_delete",
}


def test_a_trigger_that_is_off_is_named() -> None:
    assert found("system.triggers") == []
    run(OFF[connection.vendor])
    (trouble,) = found("system.triggers")
    assert trouble.startswith("events.stateset_append_only")
    assert trouble.endswith(": is missing or switched off")


def test_a_trigger_that_does_nothing_is_named() -> None:
    run(OFF[connection.vendor])
    run(REPLACED[connection.vendor])
    run(ON.get(connection.vendor, "SELECT 1"))
    name = REPLACED_NAME[connection.vendor]
    assert found("system.triggers") == [
        f"{name}: does something else than it was made for"
    ]


@pytest.mark.postgresql
def test_a_trigger_that_calls_another_function_is_named() -> None:
    run("DROP TRIGGER stateset_audit ON orders")
    run(
        "CREATE TRIGGER stateset_audit AFTER INSERT ON orders FOR EACH ROW"
        " EXECUTE FUNCTION stateset_append_only()"
    )
    assert found("system.triggers") == [
        "orders.stateset_audit: does something else than it was made for"
    ]
    assert triggers_of(connection).missing(connection) == []


def test_an_event_without_its_message_is_named() -> None:
    event = record_event(make_user(), "user.made")
    with telling_nobody():
        record_event(make_user(), "user.imported")
    assert found("system.outbox") == []

    OutboxMessage.objects.filter(event=event).delete()

    assert found("system.outbox") == [
        f"event {event.pk}: user.made of user {event.aggregate_id} has no message"
    ]


def test_messages_that_were_purged_after_delivery_are_not_missed() -> None:
    event = record_event(make_user(), "user.made")
    old = int((timezone.now() - timedelta(days=8)).timestamp() * 1000)
    with ledgers_open():
        hexes = f"{old:012x}{event.event_id.hex[12:]}"
        Event.objects.filter(pk=event.pk).update(event_id=hexes)
    OutboxMessage.objects.all().delete()
    assert found("system.outbox") == []


def test_a_number_above_its_series_is_named() -> None:
    order = make_order()
    key = order.order_number.rpartition("-")[0]
    make_order(order_number="PO 4711")
    make_order(order_number=f"{key}-draft1")
    assert found("system.numbers") == []

    Order.objects.filter(pk=order.pk).update(order_number=f"{key}-000007")
    assert found("system.numbers") == [f"{key}-000007: {key} gave out 1"]

    Order.objects.filter(pk=order.pk).update(order_number=f"{key}-1000000")
    assert found("system.numbers") == [f"{key}-1000000: {key} gave out 1"]
    NumberSequence.objects.filter(key=key).update(next_value=1_000_001)
    assert found("system.numbers") == []


def test_a_status_no_event_led_to_is_named() -> None:
    pending = make_order(at=timezone.now())
    confirmed = confirm_order(make_order(), at=timezone.now())
    cancelled = cancel_order(make_order(), reason="by phone", at=timezone.now())
    assert found("system.statuses") == []

    Order.objects.filter(pk=pending.pk).update(status="confirmed")
    Order.objects.filter(pk=confirmed.pk).update(status="pending")
    Order.objects.filter(pk=cancelled.pk).update(status="delivered")

    assert sorted(found("system.statuses")) == sorted(
        [
            f"order {pending}: is confirmed, by its events it is pending",
            f"order {confirmed}: is pending, by its events it is confirmed",
            f"order {cancelled}: is delivered, by its events it is cancelled",
        ]
    )


def test_other_events_of_a_document_lead_to_no_status() -> None:
    order = confirm_order(make_order(), at=timezone.now())
    record_event(order, "order.renamed", {"from": "delivered", "to": "A-1"})
    record_event(order, "order.moved", {"from": "B-2", "to": "delivered"})
    assert found("system.statuses") == []

    record_event(order, "order.payment_changed", {"from": "pending", "to": "pending"})
    record_event(order, "order.moved", {"from": "confirmed", "to": "delivered"})
    assert found("system.statuses") == []

    by_hand = {"from": "confirmed", "to": "on_hold"}
    record_event(order, "order.edited_by_hand", by_hand)
    assert found("system.statuses") == [
        f"order {order}: is confirmed, by its events it is on_hold"
    ]


def test_nothing_is_said_of_a_document_whose_events_were_purged() -> None:
    order = confirm_order(make_order(), at=NOON)
    with ledgers_open():
        Event.objects.update(occurred_at=timezone.now() - timedelta(days=399))
    Order.objects.filter(pk=order.pk).update(status="pending")
    assert found("system.statuses") == []


def test_a_customer_who_never_changed_is_active() -> None:
    customer = make_customer()
    type(customer).objects.filter(pk=customer.pk).update(status="suspended")
    assert found("system.statuses") == [
        f"customer {customer}: is suspended, by its events it is active"
    ]
