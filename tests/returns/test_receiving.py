"""Goods come back in one parcel, in several, or only in part."""

from __future__ import annotations

import pytest

from inventory.errors import ReasonMissingError
from orders.models import Order
from returns.errors import FindingsRefusedError, NothingToReturnError
from returns.models import ReturnRequest
from returns.services import (
    cancel_return,
    close_return_short,
    receive_return,
    returnable_quantity,
)
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import make_approved_return, make_return, on_hand

pytestmark = pytest.mark.django_db


def line_of(found: ReturnRequest):
    return found.items.get()


def come(found: ReturnRequest, units: int, **options) -> ReturnRequest:
    item = line_of(found)
    return receive_return(found, quantities={item.pk: units}, at=NOON, **options)


def test_received_units_are_counted_on_the_order():
    found = receive_return(make_approved_return(), at=NOON)

    found.order.refresh_from_db()
    assert found.status == ReturnRequest.Status.RECEIVED
    assert found.received_at == NOON
    assert found.order.fulfillment_status == Order.FulfillmentStatus.RETURNED
    assert on_hand(found) == 7


def test_a_return_is_partly_received_until_the_last_parcel():
    found = come(make_approved_return(), 1)

    assert (found.status, found.received_at) == ("partially_received", None)
    found.order.refresh_from_db()
    assert found.order.fulfillment_status == Order.FulfillmentStatus.PARTIALLY_RETURNED
    come(found, 1)
    assert found.status == "partially_received"

    receive_return(found, at=NOON)

    assert found.status == "received"
    assert line_of(found).quantity_received == 3
    assert line_of(found).order_item.quantity_returned == 3
    events = Event.objects.filter(
        event_type__startswith="return.", aggregate_id=found.pk
    )
    assert list(events.order_by("pk").values_list("event_type", flat=True)) == [
        "return.requested",
        "return.approved",
        "return.partially_received",
        "return.partially_received",
        "return.received",
    ]


def test_the_rest_is_given_up_with_the_last_parcel_or_later():
    at_once = come(make_approved_return(), 2, is_last=True)
    later = come(make_approved_return(), 2)

    close_return_short(later, reason="the customer keeps one", at=NOON)

    assert (at_once.status, later.status) == ("received", "received")
    assert later.status_reason == "the customer keeps one"
    for found in (at_once, later):
        assert returnable_quantity(line_of(found).order_item) == 1


def test_closing_short_wants_a_reason_and_a_return_that_is_half_here():
    found = make_approved_return()

    with pytest.raises(FindingsRefusedError, match="it is approved"):
        close_return_short(found, reason="enough")
    come(found, 1)
    with pytest.raises(ReasonMissingError, match="no reason was given"):
        close_return_short(found, reason=" ")


def test_more_than_expected_or_nothing_is_not_received():
    found = make_approved_return()

    with pytest.raises(FindingsRefusedError, match=r"4 × .* came, 3 are expected"):
        come(found, 4)
    found.refresh_from_db()
    with pytest.raises(FindingsRefusedError, match="no unit came back"):
        come(found, 0)
    with pytest.raises(FindingsRefusedError, match=r"-1 × .* came"):
        come(found, -1)
    come(found, 2)
    with pytest.raises(FindingsRefusedError, match=r"2 × .* came, 1 are expected"):
        come(found, 2)
    assert line_of(found).quantity_received == 2


def test_a_line_of_another_return_is_refused():
    found, other = make_approved_return(), make_approved_return()

    with pytest.raises(FindingsRefusedError, match="a line is of another return"):
        receive_return(found, quantities={line_of(other).pk: 1})


def test_what_is_half_here_is_not_cancelled():
    found = come(make_approved_return(), 1)

    with pytest.raises(InvalidTransitionError, match="it is partially_received"):
        cancel_return(found, reason="too late")


def test_units_still_expected_are_not_promised_twice():
    found = come(make_approved_return(), 1)
    item = line_of(found).order_item

    assert returnable_quantity(item) == 0
    with pytest.raises(NothingToReturnError, match="0 shipped units"):
        make_return(found.order, lines={item.pk: 1})


@pytest.mark.parametrize("status", ["requested", "rejected", "cancelled", "completed"])
def test_only_what_was_approved_is_received(status):
    found = make_approved_return()
    ReturnRequest.objects.update(
        status=status, status_reason="so", received_at=NOON, completed_at=NOON
    )
    found.refresh_from_db()

    with pytest.raises(InvalidTransitionError):
        receive_return(found)
