"""Blocking a supplier, and letting it in again."""

from __future__ import annotations

import pytest

from inventory.services.procurement import block_supplier, unblock_supplier
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.inventory.builders import make_supplier

pytestmark = pytest.mark.django_db


def test_a_supplier_is_blocked_with_a_reason_and_unblocked() -> None:
    supplier = make_supplier()

    block_supplier(supplier, reason="unpaid deliveries")
    assert supplier.status == "blocked"
    assert Event.objects.get(event_type="supplier.blocked").payload == {
        "from": "active",
        "to": "blocked",
        "reason": "unpaid deliveries",
    }

    unblock_supplier(supplier)
    supplier.refresh_from_db()
    assert supplier.status == "active"


def test_an_active_supplier_is_not_unblocked() -> None:
    with pytest.raises(InvalidTransitionError):
        unblock_supplier(make_supplier())
