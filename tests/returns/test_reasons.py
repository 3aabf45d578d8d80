"""What ends a return, a warranty or a claim says why in its event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from returns.services import (
    cancel_return,
    close_return_short,
    complete_without_refund,
    decide_claim,
    decide_return,
    expire_returns,
    receive_return,
    void_warranty,
    withdraw_claim,
)
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_inspected_return,
    make_return,
)
from tests.returns.test_warranties import make_claim, make_warranty

pytestmark = pytest.mark.django_db

WHY = "the customer says so"


def reject() -> None:
    found = make_return()
    with acting_as(make_approver()):
        decide_return(found, approve=False, reason=WHY)


def close_short() -> None:
    found = make_approved_return()
    receive_return(found, quantities={found.items.get().pk: 1}, at=NOON)
    close_return_short(found, reason=WHY)


@pytest.mark.parametrize(
    ("end", "event"),
    [
        (reject, "return.rejected"),
        (lambda: cancel_return(make_approved_return(), reason=WHY), "return.cancelled"),
        (close_short, "return.closed_short"),
        (
            lambda: complete_without_refund(make_inspected_return(), reason=WHY),
            "return.completed",
        ),
        (lambda: void_warranty(make_warranty(), reason=WHY), "warranty.voided"),
        (
            lambda: decide_claim(make_claim(), approve=False, reason=WHY),
            "claim.rejected",
        ),
        (lambda: withdraw_claim(make_claim(), reason=WHY), "claim.withdrawn"),
    ],
)
def test_an_event_says_why(end: Callable[[], Any], event: str) -> None:
    end()

    assert Event.objects.get(event_type=event).payload["reason"] == WHY


def test_a_return_that_ran_out_says_since_when() -> None:
    found = make_approved_return()
    assert found.expires_at is not None

    expire_returns(at=found.expires_at.replace(year=found.expires_at.year + 1))

    told = Event.objects.get(event_type="return.expired").payload
    assert told["reason"] == f"nothing came by {found.expires_at:%Y-%m-%d}"
