"""Two people and one return, or one order, at the same time; real connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event
from time import sleep

import pytest

from finance.models import Payment
from inventory.models import StockLevel, StockTransaction
from inventory.services.stock import lock_levels
from orders.models import Order
from returns.errors import NothingToReturnError
from returns.models import ReturnItem, ReturnRequest
from returns.services import (
    Finding,
    cancel_return,
    complete_return,
    decide_return,
    expire_returns,
    inspect_return,
    receive_return,
    reopen_return,
)
from stateset.accounts.models import User
from stateset.lib.journal import business_transaction
from stateset.system.services.locks import lock_row
from tests.orders.builders import NOON
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_delivered_order,
    make_inspected_return,
    make_quarantine,
    make_received_return,
    make_return,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def seen(found: ReturnRequest) -> ReturnRequest:
    """Return the return as another person has it on the screen."""
    return ReturnRequest.objects.get(pk=found.pk)


def both(found: ReturnRequest, *flows: Callable[[ReturnRequest], object]) -> list[type]:
    """Run the flows at once, each on a copy read before; return the refusals."""
    results = at_once(*(partial(flow, seen(found)) for flow in flows))
    return refusals(results)


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


def inspect(found: ReturnRequest) -> ReturnRequest:
    finding = Finding("mixed", restock=1, quarantine=1, scrap=1)
    return inspect_return(
        found, findings={item.pk: finding for item in found.items.all()}, at=NOON
    )


def approve_as(user: User, found: ReturnRequest) -> ReturnRequest:
    with acting_as(user):
        return decide_return(found, approve=True, at=NOON)


def test_inspecting_waits_for_who_ships_another_parcel() -> None:
    make_quarantine()
    found = make_received_return()

    results = ship_while(found, lambda: inspect(found))

    assert refusals(results) == []
    assert ReturnRequest.objects.get().status == ReturnRequest.Status.INSPECTED


def test_completing_waits_for_who_holds_the_order() -> None:
    found = make_inspected_return()

    results = ship_while(found, lambda: complete_return(found, at=NOON))

    assert refusals(results) == []
    assert ReturnRequest.objects.get().status == ReturnRequest.Status.COMPLETED


def test_receiving_waits_for_who_holds_the_order() -> None:
    found = make_approved_return()

    results = ship_while(found, lambda: receive_return(found, at=NOON))

    assert refusals(results) == []
    assert ReturnRequest.objects.get().status == ReturnRequest.Status.RECEIVED


def test_of_two_requests_for_the_last_unit_one_is_refused() -> None:
    order = make_delivered_order()
    key = order.items.get().pk
    make_return(order, lines={key: 2})

    def ask() -> ReturnRequest:
        return make_return(Order.objects.get(pk=order.pk), lines={key: 1})

    results = at_once(ask, ask)

    assert refusals(results) == [NothingToReturnError]
    assert ReturnItem.objects.count() == 2


def test_of_two_approvers_at_once_one_is_told() -> None:
    found = make_return()
    people = [make_approver(), make_approver()]

    refused = both(found, *(partial(approve_as, user) for user in people))

    assert len(refused) == 1
    assert found.approvals.get().decision == "approved"


def test_one_parcel_is_not_counted_by_two() -> None:
    found = make_approved_return()
    key = found.items.get().pk
    receive = partial(receive_return, quantities={key: 2}, at=NOON)

    refused = both(found, receive, receive)

    assert len(refused) == 1
    item = ReturnItem.objects.get()
    assert (item.quantity_received, item.order_item.quantity_returned) == (2, 2)


def test_goods_are_put_away_once() -> None:
    make_quarantine()
    found = make_received_return()

    refused = both(found, inspect, inspect)

    assert len(refused) == 1
    ledger = StockTransaction.objects.filter(reference_type="return").order_by("pk")
    assert [row.on_hand_delta for row in ledger] == [1, 2, -1]


def test_the_money_goes_back_once() -> None:
    found = make_inspected_return()
    complete = partial(complete_return, at=NOON)

    refused = both(found, complete, complete)

    assert len(refused) == 1
    assert Payment.objects.filter(kind="refund").count() == 1


def test_goods_are_replaced_once() -> None:
    found = make_inspected_return(resolution="replacement")
    complete = partial(complete_return, at=NOON)

    refused = both(found, complete, complete)

    assert len(refused) == 1
    assert Order.objects.count() == 2


def test_of_cancelling_and_receiving_one_is_refused() -> None:
    found = make_approved_return()

    refused = both(
        found,
        partial(receive_return, at=NOON),
        partial(cancel_return, reason="kept it after all"),
    )

    assert len(refused) == 1
    now = seen(found)
    came = found.items.get().quantity_received
    assert (now.status, came) in [("received", 3), ("cancelled", 0)]


def test_of_running_out_and_receiving_one_finds_nothing_to_do() -> None:
    found = make_approved_return()
    assert found.expires_at is not None
    late = found.expires_at.replace(year=2027)

    both(found, partial(receive_return, at=NOON), lambda _: expire_returns(at=late))

    now = seen(found)
    came = found.items.get().quantity_received
    assert (now.status, came) in [("received", 3), ("cancelled", 0)]


def test_two_runs_that_call_off_do_it_once() -> None:
    found = make_approved_return()
    assert found.expires_at is not None
    late = found.expires_at.replace(year=2027)
    expire = partial(expire_returns, at=late)

    results = at_once(expire, expire)

    assert refusals(results) == []
    assert sum(results) == 1
    assert seen(found).version == found.version + 1


def test_it_is_reopened_by_one() -> None:
    found = make_approved_return()
    cancel_return(found, reason="kept it after all")
    reopen = partial(reopen_return, reason="it was a mistake", at=NOON)

    refused = both(found, reopen, reopen)

    assert len(refused) == 1
    assert seen(found).approval_round == 2
    assert found.approvals.count() == 2
