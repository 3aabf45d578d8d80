from __future__ import annotations

from datetime import timedelta

import pytest

from returns.errors import ApprovalRefusedError
from returns.models import ReturnRequest
from returns.services import decide_return
from tests.orders.builders import NOON
from tests.returns.builders import acting_as, make_approver, make_return
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_colleague_approves():
    found = make_return()
    approver = make_approver()

    with acting_as(approver):
        decide_return(found, approve=True, at=NOON)

    assert found.status == ReturnRequest.Status.APPROVED
    approval = found.approvals.get()
    assert (approval.approver, approval.decided_at) == (approver, NOON)


def refuse(found: ReturnRequest, user, *, approve: bool = True) -> str:
    with acting_as(user), pytest.raises(ApprovalRefusedError) as refusal:
        decide_return(ReturnRequest.objects.get(pk=found.pk), approve=approve)
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.REQUESTED
    return refusal.value.why


def test_nobody_approves_their_own_return():
    requester = make_approver()
    with acting_as(requester):
        found = make_return()

    assert refuse(found, requester) == "who asked for a return can't approve it"


def test_the_permission_is_asked_for():
    user = make_user()

    why = refuse(make_return(), user)

    assert why == f"{user} lacks the permission returns.approve_return"


def test_nobody_decides_both_levels():
    found = make_return(at=NOON + timedelta(days=60))
    first, second = (make_approver("approve_large_return") for _ in range(2))
    with acting_as(first):
        decide_return(found, approve=True)

    assert found.status == ReturnRequest.Status.REQUESTED
    assert refuse(found, first) == "this person decided an earlier level"
    found.refresh_from_db()
    with acting_as(second):
        decide_return(found, approve=True)
    assert found.status == ReturnRequest.Status.APPROVED


def test_the_second_level_asks_for_more():
    found = make_return(at=NOON + timedelta(days=60))
    with acting_as(make_approver()):
        decide_return(found, approve=True)
    ordinary = make_approver()

    why = refuse(found, ordinary)

    assert why == f"{ordinary} lacks the permission returns.approve_large_return"


def test_a_rejection_says_why_and_ends_the_return():
    found = make_return()
    approver = make_approver()

    assert refuse(found, approver, approve=False).startswith("no reason was given")
    with acting_as(approver):
        decide_return(found, approve=False, reason="worn")
    assert found.status == ReturnRequest.Status.REJECTED
    assert found.status_reason == "worn"


def test_a_decided_return_is_not_decided_again():
    found = make_return()
    with acting_as(make_approver()):
        decide_return(found, approve=True)

    with (
        acting_as(make_approver()),
        pytest.raises(ApprovalRefusedError, match="it is approved"),
    ):
        decide_return(found, approve=True)
