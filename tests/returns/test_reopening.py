"""A return that was rejected, cancelled or ran out is taken up again, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.errors import ReasonMissingError
from returns.errors import (
    ApprovalRefusedError,
    NothingToReturnError,
    ReopeningRefusedError,
)
from returns.models import ReturnRequest
from returns.services import (
    cancel_return,
    decide_return,
    expire_returns,
    reopen_return,
)
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_paid_order,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db


def make_rejected_return() -> ReturnRequest:
    found = make_return()
    with acting_as(make_approver()):
        return decide_return(found, approve=False, reason="worn", at=NOON)


def reopen(found: ReturnRequest, **options) -> ReturnRequest:
    return reopen_return(found, **{"reason": "it was a mistake", "at": NOON, **options})


def test_a_rejected_return_is_decided_in_another_round():
    found = reopen(make_rejected_return())

    assert (found.status, found.status_reason) == ("requested", "")
    assert list(found.approvals.order_by("round").values_list("round", "decision")) == [
        (1, "rejected"),
        (2, "pending"),
    ]
    with acting_as(make_approver()):
        decide_return(found, approve=True, at=NOON)
    assert found.status == ReturnRequest.Status.APPROVED
    assert Event.objects.filter(event_type="return.reopened").count() == 1


def test_who_rejected_it_may_approve_it_and_who_reopens_it_may_not():
    first, other = make_approver(), make_approver()
    found = make_return()
    with acting_as(first):
        decide_return(found, approve=False, reason="worn", at=NOON)
    with acting_as(other):
        reopen(found)
        with pytest.raises(ApprovalRefusedError, match="who asked for a return"):
            decide_return(found, approve=True)
    found.refresh_from_db()

    with acting_as(first):
        decide_return(found, approve=True, at=NOON)

    assert found.status == ReturnRequest.Status.APPROVED


def test_a_small_return_that_was_cancelled_is_approved_at_once_again():
    order = make_paid_order()
    found = make_return(order, lines={order.items.get().pk: 1})
    cancel_return(found, reason="kept it after all")

    reopen(found)

    assert found.status == ReturnRequest.Status.APPROVED
    assert found.items.get().quantity_approved == 1


def test_what_a_person_rejected_takes_a_person(settings):
    found = make_rejected_return()
    settings.RETURN_AUTO_APPROVE_LIMIT = 1000

    reopen(found)

    assert found.status == ReturnRequest.Status.REQUESTED


def test_a_return_that_ran_out_is_reopened():
    found = make_approved_return()
    later = NOON + timedelta(days=30, seconds=1)
    assert expire_returns(at=later) == 1
    found.refresh_from_db()

    reopen(found, at=NOON + timedelta(days=29))

    assert (found.status, found.approved_at) == ("requested", None)


def test_it_is_reopened_once():
    found = reopen(make_rejected_return())
    cancel_return(found, reason="kept it after all")

    with pytest.raises(ReopeningRefusedError, match="it was reopened once already"):
        reopen(found)


def test_after_the_window_it_is_not_reopened():
    found = make_rejected_return()

    with pytest.raises(ReopeningRefusedError, match="arrived too long ago"):
        reopen(found, at=NOON + timedelta(days=31))


def test_units_that_were_promised_otherwise_are_not_asked_for_again():
    order = make_paid_order()
    found = make_return(order)
    cancel_return(found, reason="kept it after all")
    make_return(order, lines={order.items.get().pk: 2})

    with pytest.raises(NothingToReturnError, match="1 shipped units can still"):
        reopen(found)
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.CANCELLED


def test_reopening_wants_a_reason_and_a_return_that_ended():
    with pytest.raises(ReasonMissingError):
        reopen(make_rejected_return(), reason=" ")
    with pytest.raises(InvalidTransitionError, match="it is received"):
        reopen(make_received_return())
