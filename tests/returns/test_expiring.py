"""Approved returns that never came are called off, in batches, safe to run twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from returns.models import ReturnRequest
from returns.services import (
    expire_returns,
    expiring,
    receive_return,
    returnable_quantity,
)
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import (
    make_approved_return,
    make_paid_order,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db

THEN = NOON + timedelta(days=30)
LATER = THEN + timedelta(seconds=1)


def test_a_return_that_never_came_is_called_off_and_its_units_are_free():
    found = make_approved_return()

    assert expire_returns(at=THEN) == 0
    assert expire_returns(at=LATER) == 1
    assert expire_returns(at=LATER) == 0

    found.refresh_from_db()
    assert (found.status, found.status_reason) == (
        "cancelled",
        "nothing came by 2026-12-20",
    )
    assert returnable_quantity(found.items.get().order_item) == 3
    assert Event.objects.filter(event_type="return.expired").count() == 1


def test_what_came_or_waits_for_people_does_not_run_out():
    half = make_approved_return()
    receive_return(half, quantities={half.items.get().pk: 1}, at=NOON)
    make_received_return()
    make_return()

    assert expire_returns(at=LATER) == 0


def test_many_run_out_batch_by_batch(monkeypatch, settings):
    settings.RETURN_AUTO_APPROVE_LIMIT = 1000
    monkeypatch.setattr(expiring, "EXPIRED_AT_ONCE", 2)
    order = make_paid_order()
    for _ in range(3):
        make_return(order, lines={order.items.get().pk: 1})

    assert expire_returns(at=LATER) == 3
    assert ReturnRequest.objects.filter(status="cancelled").count() == 3
