"""Who decided on a return, level by level."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns.models.return_request import ReturnRequest
from stateset.lib.constraints import check, not_negative, one_of
from stateset.lib.fields import MoneyField
from stateset.lib.models import Record


class ReturnApprovalDecision(models.TextChoices):
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ReturnApproval(Record):
    """One decision on a return; the approver is never the requester.

    A return that is reopened starts another round. What still waited when the return
    was rejected, cancelled or ran out is withdrawn.
    """

    Decision = ReturnApprovalDecision

    return_request = models.ForeignKey(
        ReturnRequest,
        on_delete=models.CASCADE,
        db_column="return_id",
        db_index=False,
        related_name="approvals",
    )
    round = models.PositiveSmallIntegerField(default=1)
    level = models.PositiveSmallIntegerField()
    decision = models.CharField(
        max_length=10, choices=Decision, default=Decision.PENDING
    )
    amount = MoneyField()
    approver = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="return_approvals",
    )
    is_automatic = models.BooleanField(default=False)
    reason = models.CharField(max_length=255, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_approvals"
        db_table_comment = "Decisions on returns"
        indexes = [
            models.Index(
                fields=["level", "created_at"],
                condition=Q(decision="pending"),
                # Read by the list of decisions that wait.
                name="idx_return_approvals_pending",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["return_request", "round", "level"],
                name="return_approval_level_unique",
            ),
            models.UniqueConstraint(
                fields=["return_request", "round", "approver"],
                condition=Q(approver__isnull=False),
                name="return_approval_person_unique",
                violation_error_message="One person decides on one level of a return.",
            ),
            one_of(
                "decision",
                ReturnApprovalDecision,
                name="return_approval_decision_known",
            ),
            not_negative("amount", name="return_approval_amount_not_negative"),
            check(
                Q(decision="pending", decided_at__isnull=True)
                | (~Q(decision="pending") & Q(decided_at__isnull=False)),
                name="return_approval_decided_has_time",
                message="A decision has a time exactly when it is made.",
            ),
            check(
                Q(decision__in=("pending", "withdrawn"))
                | Q(is_automatic=True)
                | Q(approver__isnull=False),
                name="return_approval_has_approver",
                message="A decision names who made it.",
            ),
            check(
                ~Q(decision="rejected") | ~Q(reason=""),
                name="return_approval_rejection_reason",
                message="A rejection says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.return_request} level {self.level}"
