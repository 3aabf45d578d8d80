from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from returns.errors import ApprovalRefusedError
from returns.models import ReturnApproval, ReturnRequest
from returns.services import (
    cancel_return,
    decide_return,
    receive_return,
    returnable_quantity,
)
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_delivered_order,
    make_return,
)
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


def make_late_return(**overrides) -> ReturnRequest:
    """Return a return that takes two people."""
    return make_return(at=NOON + timedelta(days=60), **overrides)


def approve(found: ReturnRequest, **options) -> ReturnRequest:
    with acting_as(make_approver("approve_large_return")):
        return decide_return(found, approve=True, at=NOON, **options)


def decisions(found: ReturnRequest) -> list[tuple[int, str]]:
    rows = found.approvals.order_by("round", "level")
    return list(rows.values_list("level", "decision"))


def test_an_approved_return_waits_thirty_days_for_its_goods():
    found = approve(make_return())

    assert (found.approved_at, found.expires_at) == (NOON, NOON + timedelta(days=30))


def test_nobody_decides_for_a_program():
    with pytest.raises(ApprovalRefusedError, match="nobody is logged in"):
        decide_return(make_return(), approve=True)


def test_fewer_units_may_be_approved_and_are_worth_less():
    found = make_return()
    (item,) = found.items.all()

    approve(found, quantities={item.pk: 2})

    item.refresh_from_db()
    assert (item.quantity_approved, item.refund_amount) == (2, Decimal(60))
    assert (found.items_amount, found.refund_total) == (Decimal(60), Decimal(60))
    assert returnable_quantity(item.order_item) == 1
    assert receive_return(found, at=NOON).status == ReturnRequest.Status.RECEIVED
    assert found.items.get().quantity_received == 2


def test_the_second_level_approves_no_more_than_the_first():
    found = make_late_return()
    (item,) = found.items.all()
    approve(found, quantities={item.pk: 2})
    assert found.status == ReturnRequest.Status.REQUESTED

    with pytest.raises(ApprovalRefusedError, match="more units than were asked for"):
        approve(found, quantities={item.pk: 3})
    found.refresh_from_db()
    approve(found)

    assert found.items.get().quantity_approved == 2
    assert found.refund_total == Decimal(60)


@pytest.mark.parametrize(
    ("units", "why"), [(4, "more units"), (-1, "more units"), (0, "no unit")]
)
def test_units_that_can_not_be_approved_are_refused(units, why):
    found = make_return()
    (item,) = found.items.all()

    with pytest.raises(ApprovalRefusedError, match=why):
        approve(found, quantities={item.pk: units})
    assert decisions(found) == [(1, "pending")]


def test_a_line_of_another_return_is_not_approved():
    found, other = make_return(), make_return()

    with pytest.raises(ApprovalRefusedError, match="a line is of another return"):
        approve(found, quantities={other.items.get().pk: 1})


def test_each_level_is_told():
    found = make_late_return()
    approve(found)
    approve(found)

    events = Event.objects.filter(aggregate_id=found.pk).order_by("pk")
    assert list(events.values_list("event_type", flat=True)) == [
        "return.requested",
        "return.level_approved",
        "return.approved",
    ]


def test_what_waits_is_withdrawn_with_the_return():
    rejected, cancelled = make_late_return(), make_late_return()
    with acting_as(make_approver()):
        decide_return(rejected, approve=False, reason="worn", at=NOON)
    cancel_return(cancelled, reason="kept it after all", at=NOON)

    assert decisions(rejected) == [(1, "rejected"), (2, "withdrawn")]
    assert decisions(cancelled) == [(1, "withdrawn"), (2, "withdrawn")]


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"approver": None}, "return_approval_has_approver"),
        ({"decided_at": None}, "return_approval_decided_has_time"),
        ({"decision": "rejected", "reason": ""}, "return_approval_rejection_reason"),
        ({"decision": "maybe"}, "return_approval_decision_known"),
        ({"amount": -1}, "return_approval_amount_not_negative"),
    ],
)
def test_the_database_refuses_decisions_that_can_not_be(columns, rule):
    make_approved_return()

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ReturnApproval.objects.update(**columns)


def test_the_database_refuses_one_person_on_two_levels():
    found = make_late_return()
    approve(found)
    approve(found)
    first = found.approvals.get(level=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        found.approvals.filter(level=2).update(approver=first.approver)


def test_the_database_refuses_a_level_twice():
    found = approve(make_return())
    approval = found.approvals.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        ReturnApproval.objects.create(
            return_request=found, round=1, level=1, amount=approval.amount
        )


def test_a_large_return_asked_for_in_parts_needs_what_the_whole_needs(settings):
    settings.RETURN_AUTO_APPROVE_LIMIT = 40
    settings.RETURN_L1_LIMIT = 70
    order = make_delivered_order()
    (item,) = order.items.all()
    parts = [make_return(order, lines={item.pk: 1}) for _ in range(3)]

    levels = [list(part.approvals.values_list("level", flat=True)) for part in parts]
    statuses = [part.status for part in parts]

    assert statuses == ["approved", "requested", "requested"]
    assert [len(each) for each in levels] == [1, 1, 2]
