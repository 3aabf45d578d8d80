"""What must hold of the decisions on returns."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q

from returns.models import ReturnApproval, ReturnRequest
from stateset.lib.invariants import Violation

APPROVED = ReturnApproval.Decision.APPROVED
AGREED = (*ReturnRequest.EXPECTED_STATUSES, *ReturnRequest.COUNTED_STATUSES)


def returns_approved_by_too_few() -> Iterator[Violation]:
    """Find returns that go on, and on which the last round did not agree."""
    in_round = Q(approvals__round=F("approval_round"))
    counted = (
        ReturnRequest.objects.filter(status__in=AGREED)
        .annotate(
            levels=Count("approvals", filter=in_round),
            agreed=Count(
                "approvals", filter=in_round & Q(approvals__decision=APPROVED)
            ),
        )
        .filter(Q(agreed=0) | Q(agreed__lt=F("levels")))
        .order_by("pk")
    )
    for number, status, agreed, levels in counted.values_list(
        "rma_number", "status", "agreed", "levels"
    ):
        yield Violation(number, f"is {status}; {agreed} of {levels} levels approved it")


def approvals_by_the_requester() -> Iterator[Violation]:
    """Find approvals of the present round by who asked for the return."""
    own = ReturnApproval.objects.filter(
        decision=APPROVED,
        round=F("return_request__approval_round"),
        approver=F("return_request__requested_by"),
    )
    for approval in own.select_related("return_request", "approver").order_by("pk"):
        yield Violation(str(approval), f"{approval.approver} asked for it and approved")
