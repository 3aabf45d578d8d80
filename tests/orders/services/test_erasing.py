"""Erasing a customer: nothing personal is left, and the books are as they were."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event as Signal
from typing import Any

import pytest

from finance.services import (
    draft_invoice,
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
    update_customer,
    update_order_details,
)
from orders.services.erasing import erase_customer, plan_erasure
from orders.services.history import write_past_order
from returns.models import Warranty
from returns.services import submit_claim
from stateset.lib.erasures import Erasure, erased, recorded
from stateset.lib.invariants import all_invariants, violations
from stateset.lib.journal import business_transaction
from stateset.system.models import AuditEntry, Event, OutboxMessage, Seal
from stateset.system.sealing.flow import SealBrokenError, seal_log
from stateset.system.services.locks import lock_row
from stateset.system.triggers import ledgers_open
from tests.dbops.recovery.planting import planted
from tests.finance.builders import make_debt
from tests.fulfillment.builders import make_shipped
from tests.orders.builders import (
    default_location,
    make_customer,
    make_order,
    make_stocked_variant,
)
from tests.orders.erasing import (
    everything,
    make_old_customer,
    names_of,
    plant_into,
    words_in,
)
from tests.returns.builders import (
    make_delivered_order,
    make_paid_order,
    make_return,
    make_returnable_variant,
)
from tests.stateset import flows
from tests.threads import at_once, refusals, until_somebody_waits

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
    assert [each.scope for each in recorded("default")] == ["", "invoices"]


@pytest.mark.django_db
def test_what_comes_back_is_erased_again() -> None:
    customer = make_customer(notes=planted())
    erase_customer(customer=customer, reason="request", scope="invoices")
    plan = plan_erasure(customer)
    update_customer(customer, notes=planted())
    change_customer_status(customer, to="active", reason="orders again")

    erase_customer(customer=customer, reason="request")

    assert words_in(everything()) == set()
    assert [each.scope for each in recorded("default")] == ["invoices", ""]
    assert [each[-21:] for each in plan.erased_before] == [", issued invoices too"]
    assert len(plan_erasure(customer).erased_before) == 2


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
def test_two_at_once_wait_for_each_other() -> None:
    customer = make_customer()
    one, other = (Customer.objects.get(pk=customer.pk) for _ in range(2))

    results = at_once(
        lambda: erase_customer(customer=one, reason="request"),
        lambda: erase_customer(customer=other, reason="request"),
    )

    assert {each.id for each in results} == {each.id for each in recorded("default")}
    assert AuditEntry.objects.filter(action="customer.erased").count() == 2


def meanwhile(customer: Customer, *steps: Callable[[], Any]) -> Any:
    """Erase somebody while steps are taken; return what came of it."""
    begun = Signal()

    def write() -> None:
        with business_transaction():
            for step in steps:
                step()
                begun.set()
                until_somebody_waits()

    def erase() -> Any:
        assert begun.wait(10)
        return erase_customer(customer=customer, reason="request")

    return at_once(write, erase)[1]


@pytest.mark.django_db(transaction=True)
def test_a_change_in_flight_is_waited_for() -> None:
    order = make_delivered_order()

    done = meanwhile(of(order), lambda: update_order_details(order, notes=planted()))

    assert recorded("default") == [done]
    assert words_in(everything()) == set()


@pytest.mark.django_db(transaction=True)
def test_a_draft_in_flight_is_waited_for_and_is_in_the_way() -> None:
    order = make_delivered_order()

    refused = meanwhile(
        of(order), lambda: lock_row(order), lambda: draft_invoice_for_order(order)
    )

    assert "a draft invoice" in str(refused)
    assert recorded("default") == []


@pytest.mark.django_db(transaction=True)
def test_a_claim_in_flight_is_waited_for_and_is_in_the_way() -> None:
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    warranty = Warranty.objects.get()

    refused = meanwhile(
        of(order),
        lambda: submit_claim(warranty, failed_on=warranty.starts_on, description="x"),
    )

    assert "is submitted" in str(refused)
    assert recorded("default") == []


@pytest.mark.django_db
def test_who_copies_an_erased_customer_copies_what_is_there_now() -> None:
    customer = make_customer(company=planted(), email=planted())
    order = Order(
        order_number="A-1",
        customer=Customer.objects.get(pk=customer.pk),
        location=default_location(),
        currency="EUR",
    )
    stale = Customer.objects.get(pk=customer.pk)
    erase_customer(customer=customer, reason="request")

    draft_invoice(stale)
    write_past_order(order)

    assert words_in(everything()) == set()


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
