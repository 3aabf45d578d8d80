"""What somebody wants restored, and what a second person said to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from stateset.lib.constraints import check, one_of
from stateset.lib.fields import StatusField
from stateset.lib.models import Record


class RequestState(models.TextChoices):
    ASKED = "asked", "Waits for a second person"
    APPROVED = "approved", "Handed to a worker"
    RUNNING = "running", "Running"
    DONE = "done", "Restored"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"


OPEN = (RequestState.ASKED, RequestState.APPROVED, RequestState.RUNNING)
UNDECIDED = (RequestState.ASKED, RequestState.REFUSED, RequestState.EXPIRED)


class RestoreRequestQuerySet(models.QuerySet["RestoreRequest"]):
    def open(self) -> RestoreRequestQuerySet:
        """Return the requests that may still come to something."""
        return self.filter(state__in=OPEN)

    def overdue(self, now: datetime, patience: timedelta) -> RestoreRequestQuerySet:
        """Return what nobody decided in time, or no worker took in ``patience``."""
        return self.filter(
            Q(state=RequestState.ASKED, expires_at__lte=now)
            | Q(state=RequestState.APPROVED, decided_at__lte=now - patience)
        )


class RestoreRequest(Record):
    """One wish to restore a backup over the live database.

    People are kept by key and by name: after the restore one of them may not be there.
    """

    alias = models.CharField(max_length=50)
    backup_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)
    state = StatusField(choices=RequestState.choices, default=RequestState.ASKED)
    asked_by = models.CharField(max_length=254)
    asked_key = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254, blank=True)
    decided_key = models.CharField(max_length=64, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True)
    error_what = models.TextField(blank=True)
    error_why = models.TextField(blank=True)

    objects = RestoreRequestQuerySet.as_manager()

    class Meta:
        db_table = "dbops_restore_requests"
        db_table_comment = "A wish to restore a backup, and what a second person said."
        ordering = ("-created_at", "-id")
        constraints = (
            one_of("state", RequestState, name="restore_request_state_known"),
            models.UniqueConstraint(
                fields=("alias",),
                condition=Q(state__in=[str(state) for state in OPEN]),
                name="restore_request_one_open",
                violation_error_message="Another request is open already.",
            ),
            check(
                ~Q(reason=""),
                name="restore_request_has_reason",
                message="Say why it is to be restored.",
            ),
            check(
                Q(state__in=[str(state) for state in UNDECIDED])
                | (~Q(decided_key="") & ~Q(decided_key=F("asked_key"))),
                name="restore_request_second_person",
                message="A second person has to approve it.",
            ),
            check(
                Q(state__in=[str(state) for state in OPEN], finished_at=None)
                | (
                    ~Q(state__in=[str(state) for state in OPEN])
                    & Q(finished_at__isnull=False)
                ),
                name="restore_request_finished_when_over",
                message="A request has an end exactly when it is not open.",
            ),
        )
        permissions = (
            ("ask_restore", "Can ask for a restore"),
            ("approve_restore", "Can approve what another one asked to restore"),
        )

    def __str__(self) -> str:
        return f"{self.backup_id} for {self.asked_by}"

    @property
    def told(self) -> str:
        """Return in one line what came of it."""
        words = self.result or self.error_what
        return f"{words} ({self.error_why})" if self.error_why else words
