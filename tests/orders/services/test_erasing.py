"""Erasing a customer: nothing personal is left, and the books are as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from finance.services import (
    draft_invoice_for_order,
    invoice_order,
    record_authorization,
    record_payment,
    walk_in_customer,
)
from orders.errors import CustomerNotActiveError, ErasureRefusedError
from orders.models import Customer, Order
from orders.services import (
    OrderLine,
    cancel_order,
    change_customer_status,
    place_order,
)
from orders.services.erasing import erase_customer
from stateset.lib.erasures import Erasure, erased, recorded
from stateset.lib.invariants import all_invariants, violations
from stateset.system.models import AuditEntry, Event, OutboxMessage, Seal
from stateset.system.sealing.flow import SealBrokenError, seal_log
from stateset.system.triggers import ledgers_open
from tests.dbops.recovery.planting import planted
from tests.finance.builders import make_debt
from tests.fulfillment.builders import make_shipped
from tests.orders.builders import make_customer, make_order, make_stocked_variant
from tests.orders.erasing import (
    everything,
    make_old_customer,
    names_of,
    plant_into,
    words_in,
)
from tests.returns.builders import make_delivered_order, make_paid_order, make_return
from tests.stateset import flows
from tests.threads import at_once, refusals

NEW = {"audit_log", "audit_seals", "erasures", "events", "outbox"}
"""Tables that an erasure writes rows into."""


@pytest.mark.django_db
def test_nothing_personal_is_left_and_the_books_are_right() -> None:
    other = make_old_customer(last_name=planted())
    theirs = words_in(everything())
    customer = make_old_customer()
    kept = plant_into(customer)
    Customer.objects.filter(pk=customer.pk).update(last_name=other.last_name)
    seal_log()
    before = everything()
    assert words_in(before) > kept > set()

    erase_customer(customer=customer, reason="request")

    after = everything()
    assert words_in(after) == kept | theirs
    gone, new = before - after, after - before
    names = names_of(customer)
    assert [row for row in gone if not any(name in row for name in names)] == []
    assert not [row for row in gone if str(other.pk) in row or other.pk.hex in row]
    assert {row.partition(" ")[0] for row in new} >= NEW
    assert Seal.objects.filter(reason="erased").exists()
    seal_log()
    assert list(violations(all_invariants())) == []

    # What the law had kept goes when it is asked for, and once.
    erase_customer(customer=customer, reason="law", scope="invoices")

    left = words_in(everything()) - theirs
    assert left < kept
    assert not words_in({repr(customer.invoices.values_list("bill_to"))})
    with pytest.raises(ErasureRefusedError, match="is erased already"):
        erase_customer(customer=customer, reason="law")
    assert [each.scope for each in recorded("default")] == ["", "invoices"]


@pytest.mark.django_db(transaction=True)
def test_what_is_told_of_it_names_nobody() -> None:
    told: list[Erasure] = []

    def hear(erasure: Erasure, **_: Any) -> None:
        told.append(erasure)

    customer = make_customer(accepts_marketing=True, notes="moved", phone="1234567")
    number = customer.customer_number
    erased.connect(hear)
    try:
        erase_customer(customer=customer, reason="law")
    finally:
        erased.disconnect(hear)

    customer.refresh_from_db()
    assert (customer.status, customer.accepts_marketing) == ("inactive", False)
    assert customer.email is not None
    assert customer.email.endswith("@example.com")
    assert told == recorded("default")
    assert (told[0].subject, told[0].subject_id) == ("orders.customer", customer.pk)
    event = Event.objects.get(event_type="customer.erased")
    assert event.payload == {
        "number": number,
        "scope": "",
        "from": "active",
        "to": "inactive",
    }
    assert OutboxMessage.objects.filter(event=event).exists()
    entry = AuditEntry.objects.get(action="customer.erased")
    assert entry.reason == "erased: a law, a court or an authority demands it"
    assert entry.changes == {"customers": 1, "audit_log": 1}


def of(document: Any) -> Customer:
    """Return the customer of an order, or of what belongs to one."""
    customer: Customer = getattr(document, "order", document).customer
    return customer


def cancel_paid() -> Customer:
    order = make_debt()
    record_payment(order=order, amount=order.total_amount, method="card")
    cancel_order(order, reason="asked")
    return of(order)


IN_THE_WAY: dict[str, Callable[[], Customer]] = {
    r"order ORD-\S+ is pending": lambda: of(make_order()),
    r"order ORD-\S+ is cancelled, and its money was not given back": cancel_paid,
    r"shipment SHP-\S+ is shipped": lambda: of(make_shipped()),
    r"a draft invoice of order ORD-\S+ is there": lambda: of(
        draft_invoice_for_order(make_delivered_order())
    ),
    r"invoice INV-\S+ is not settled": lambda: of(
        invoice_order(make_delivered_order())
    ),
    r"payment PAY-\S+ is authorised": lambda: of(authorized()),
    r"return RMA-\S+ is waiting for approval": lambda: of(
        make_return(make_paid_order())
    ),
    r"claim \S+ is submitted": lambda: flows.claim().warranty.customer,
    "sales without a name are booked to it": walk_in_customer,
}


def authorized() -> Any:
    order = make_delivered_order()
    return record_authorization(order=order, amount=order.total_amount, method="card")


@pytest.mark.django_db
@pytest.mark.parametrize("why", IN_THE_WAY)
def test_a_customer_with_something_unfinished_is_not_erased(why: str) -> None:
    customer = IN_THE_WAY[why]()
    before = everything()

    with pytest.raises(ErasureRefusedError, match=why):
        erase_customer(customer=customer, reason="request")

    assert everything() == before


@pytest.mark.django_db
def test_a_broken_seal_stops_it_and_nothing_is_changed() -> None:
    customer = make_customer()
    seal_log()
    with ledgers_open():
        Event.objects.filter(aggregate_id=customer.pk).update(event_type="x")
    before = everything()

    with pytest.raises(SealBrokenError, match="No rows of events"):
        erase_customer(customer=customer, reason="request")

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_refused() -> None:
    customer = make_customer()
    one, other = (Customer.objects.get(pk=customer.pk) for _ in range(2))

    results = at_once(
        lambda: erase_customer(customer=one, reason="request"),
        lambda: erase_customer(customer=other, reason="request"),
    )

    assert refusals(results) == [ErasureRefusedError]
    assert len(recorded("default")) == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_is_erased_while_an_order_is_placed() -> None:
    customer, lines = make_customer(), [OrderLine(make_stocked_variant(), 1)]
    one, other = (Customer.objects.get(pk=customer.pk) for _ in range(2))

    results = at_once(
        lambda: place_order(customer=one, lines=lines),
        lambda: erase_customer(customer=other, reason="request"),
    )

    (refused,) = refusals(results)
    was_erased = refused is CustomerNotActiveError
    assert was_erased or refused is ErasureRefusedError
    assert Order.objects.exists() is not was_erased
    assert bool(recorded("default")) is was_erased


@pytest.mark.django_db
def test_a_suspended_customer_stays_suspended() -> None:
    customer = make_customer()
    change_customer_status(customer, to="suspended", reason="unpaid")

    erase_customer(customer=customer, reason="other")

    assert customer.status == "suspended"
    assert list(violations(all_invariants())) == []
