from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from orders.models import Customer
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import AuditEntry, Event, NumberSequence, OutboxMessage
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.outbox import (
    MessageNotHeldError,
    discard_message,
    release_message,
)
from stateset.system.services.transitions import ChangedMeanwhileError


def make_customer() -> Customer:
    return Customer.objects.create(customer_number="C-1", last_name="Müller")


@pytest.mark.django_db
def test_a_change_of_status_writes_its_event_and_outbox_message():
    customer = change_status(
        make_customer(),
        "suspended",
        event_type="customer.suspended",
        payload={"limit": Decimal("10.50")},
    )

    event = Event.objects.get()
    assert event.event_type == "customer.suspended"
    assert event.aggregate_id == customer.pk
    assert event.payload == {"from": "active", "to": "suspended", "limit": "10.50"}
    message = OutboxMessage.objects.get()
    assert (message.event, message.partition_key) == (event, str(customer.pk))
    customer.refresh_from_db()
    assert (customer.status, customer.version) == ("suspended", 2)


@pytest.mark.django_db
def test_a_status_that_does_not_follow_is_refused_and_nothing_changes():
    customer = change_status(make_customer(), "suspended", event_type="x")

    with pytest.raises(InvalidTransitionError) as refusal:
        change_status(customer, "inactive", event_type="x")

    assert str(refusal.value) == (
        "Customer C-1 Müller was not changed to inactive.\n"
        "  why: it is suspended\n"
        "  fix: reload the page; from here it can become active"
    )
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_of_two_writers_the_second_is_told():
    first = make_customer()
    second = Customer.objects.get()
    change_status(first, "suspended", event_type="x")

    with pytest.raises(ChangedMeanwhileError, match="somebody else changed it"):
        change_status(second, "inactive", event_type="x")

    first.refresh_from_db()
    assert first.status == "suspended"
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_numbers_follow_each_other_by_prefix_and_year():
    at = datetime(1997, 5, 1, tzinfo=UTC)

    assert next_number("ORD", at=at) == "ORD-1997-000001"
    assert next_number("ORD", at=at) == "ORD-1997-000002"
    assert next_number("INV", at=at) == "INV-1997-000001"


@pytest.mark.django_db
def test_an_event_happens_when_the_caller_says():
    at = datetime(1997, 5, 1, tzinfo=UTC)

    event = record_event(make_customer(), "customer.made", at=at)

    assert event.occurred_at == at


@pytest.mark.django_db(transaction=True)
def test_numbers_taken_at_the_same_time_are_all_different():
    taken: list[str] = []

    def take() -> None:
        taken.extend(next_number("ORD") for _ in range(10))
        connection.close()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(taken)) == 40
    assert NumberSequence.objects.get().next_value == 41


@pytest.mark.django_db
def test_a_person_decides_about_messages_on_hold():
    first, second = (make_held_message() for _ in range(2))
    release_message(first)
    assert (first.status, first.attempts) == ("pending", 0)
    assert first.available_at <= timezone.now()
    discard_message(second)
    assert second.status == "discarded"
    for decide in (release_message, discard_message):
        with pytest.raises(MessageNotHeldError) as caught:
            decide(second)
        assert caught.value.why == "it is discarded"
    assert list(
        AuditEntry.objects.filter(resource_type="outbox").values_list(
            "action", "reason"
        )
    ) == [("outbox.release", "outbox release"), ("outbox.discard", "outbox discard")]


def make_held_message() -> OutboxMessage:
    event = Event.objects.create(
        aggregate_type="order", aggregate_id=uuid7(), event_type="order.created"
    )
    return OutboxMessage.objects.create(
        event=event, partition_key="x", status="held", attempts=3
    )
