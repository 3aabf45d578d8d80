"""Returns and parcels of one order at the same time, on real connections."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import sleep

import pytest

from inventory.models import StockLevel
from inventory.services.stock import lock_levels
from orders.models import Order
from returns.models import ReturnRequest
from returns.services import complete_return, receive_return
from stateset.lib.journal import business_transaction
from stateset.system.services.locks import lock_row
from tests.orders.builders import NOON
from tests.returns.test_goods import make_approved_return, make_inspected_return
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def ship_while(found: ReturnRequest, flow: Callable[[], object]) -> list[object]:
    """Run ``flow`` while another one holds the order, then its levels and return."""
    is_held = Event()

    def ship() -> None:
        with business_transaction():
            lock_row(Order.objects.get(pk=found.order_id))
            is_held.set()
            sleep(0.5)  # long enough for the other to take what it takes first
            lock_levels(StockLevel.objects.values_list("pk", flat=True))
            lock_row(ReturnRequest.objects.get(pk=found.pk))

    def wait_and_run() -> object:
        is_held.wait(timeout=10)
        return flow()

    return at_once(ship, wait_and_run)


def test_completing_waits_for_who_ships_another_parcel() -> None:
    found = make_inspected_return()

    results = ship_while(found, lambda: complete_return(found, at=NOON))

    assert refusals(results) == []
    assert ReturnRequest.objects.get().status == ReturnRequest.Status.COMPLETED


def test_receiving_waits_for_who_holds_the_order() -> None:
    found = make_approved_return()

    results = ship_while(found, lambda: receive_return(found, at=NOON))

    assert refusals(results) == []
    assert ReturnRequest.objects.get().status == ReturnRequest.Status.RECEIVED
