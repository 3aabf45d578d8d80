"""Erasing a customer: nothing personal is left, and the books are as they were."""

from __future__ import annotations

import pytest

from orders.models import Customer
from orders.services.erasing import erase_customer
from stateset.lib.invariants import all_invariants, violations
from stateset.system.sealing.flow import seal_log
from tests.orders.erasing import (
    everything,
    make_old_customer,
    names_of,
    plant_into,
    words_in,
)

pytestmark = pytest.mark.django_db

NEW = ("audit_log", "audit_seals", "erasures", "events", "outbox")
"""Tables that an erasure writes rows into."""


def test_nothing_personal_is_left_and_the_books_are_right() -> None:
    other = make_old_customer()
    theirs = words_in(everything())
    customer = make_old_customer()
    kept = plant_into(customer)
    shared = customer.last_name
    Customer.objects.filter(pk=other.pk).update(last_name=shared)
    seal_log()
    before = everything()
    assert words_in(before) > kept > set()

    erase_customer(customer=customer, reason="request")

    after = everything()
    assert words_in(after) == kept | theirs | words_in({shared})
    gone, new = before - after, after - before
    names = names_of(customer)
    assert [row for row in gone if not any(name in row for name in names)] == []
    assert not [row for row in gone if str(other.pk) in row or other.pk.hex in row]
    assert {row.partition(" ")[0] for row in new - gone} >= set(NEW)
    seal_log()
    assert list(violations(all_invariants())) == []
