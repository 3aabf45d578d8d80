"""A restore that one person asks for, a second one approves, and a worker runs.

The rows are of this installation, so they stay out of dumps, and the quarantine takes
them over into the restored database. Who asked and who approved is in the journal as
well, which no restore takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from dbops import conf
from dbops.engines.registry import get_engine
from dbops.errors import RequestRefusedError
from dbops.models import RequestState, RestoreRequest
from dbops.recovery.live import Replaced, replace_live
from dbops.recovery.plans import plan_restore
from dbops.scheduling.runs import lease_of
from stateset.lib.errors import StatesetError
from stateset.lib.journal import acting, business_transaction

RUN_NAME = "restore-by-request"
MAY_ASK, MAY_APPROVE = "dbops.ask_restore", "dbops.approve_restore"
DECIDED_WITHIN = timedelta(hours=24)
TAKEN_WITHIN = timedelta(hours=1)
NO_WORKERS = "there is no worker to carry it out"


@dataclass(frozen=True)
class Person:
    """Who asks or decides: a key that stays, and the name that people know."""

    key: str
    name: str
    rights: frozenset[str] = frozenset()

    @classmethod
    def of(cls, user: Any) -> Person:
        """Return a user of the site as this module needs it."""
        rights = {right for right in (MAY_ASK, MAY_APPROVE) if user.has_perm(right)}
        return cls(str(user.pk), user.get_username(), frozenset(rights))


def ask_restore(*, backup_id: str, reason: str, person: Person) -> RestoreRequest:
    """Note the wish to restore a backup; nothing is restored.

    Raises RequestRefusedError, and what planning the restore raises.
    """
    what = f"The restore of {backup_id} was not asked for."
    _require_right(person, MAY_ASK, what)
    _require_workers(what)
    settle_requests(timezone.now())
    plan = plan_restore(backup_id=backup_id, reads_through=False)
    try:
        with business_transaction(reason=reason):
            return RestoreRequest.objects.create(
                alias=plan.alias,
                backup_id=plan.source,
                reason=reason,
                asked_by=person.name,
                asked_key=person.key,
                expires_at=timezone.now() + DECIDED_WITHIN,
            )
    except IntegrityError as error:
        other = RestoreRequest.objects.open().filter(alias=plan.alias).first()
        if other is None:
            raise
        raise RequestRefusedError(
            what,
            why=f"{other.asked_by} has asked for {other.backup_id} already",
            fix="have that one decided first",
        ) from error


def approve_restore(request: RestoreRequest, *, person: Person) -> None:
    """Let a worker take it, on the word of somebody else than who asked."""
    what = f"The restore of {request.backup_id} was not approved."
    _require_right(person, MAY_APPROVE, what)
    _require_workers(what)
    if person.key == request.asked_key:
        raise RequestRefusedError(
            what,
            why="who asks for a restore cannot approve it",
            fix="have a second person look at it who may approve restores",
        )
    _decide(request, person, what, RequestState.APPROVED, "approved")


def hand_over(request: RestoreRequest, send: Callable[[], str]) -> str:
    """Have ``send`` give what was approved to a worker; return what to tell.

    Where it cannot be sent the request ends with the cause, so that another one can be
    made; if it was sent all the same, no worker begins it.
    """
    try:
        return send()
    except StatesetError as error:
        _close(request, RequestState.FAILED, error.what, error.why)
        raise


def refuse_restore(request: RestoreRequest, *, reason: str, person: Person) -> None:
    """End a request without a restore; who asked may do so too."""
    what = f"The restore of {request.backup_id} was not refused."
    if person.key != request.asked_key:
        _require_right(person, MAY_APPROVE, what)
    _decide(
        request,
        person,
        what,
        RequestState.REFUSED,
        reason,
        finished_at=timezone.now(),
        error_what=reason,
    )


def run_request(request_id: str) -> str:
    """Restore what was approved, once, and return in a line what came of it.

    The request keeps what the quarantine found as well, for people to look at.
    """
    now = timezone.now()
    approved = RestoreRequest.objects.filter(pk=request_id, state=RequestState.APPROVED)
    if not approved.update(state=RequestState.RUNNING, started_at=now):
        raise RequestRefusedError(
            "The restore was not begun.",
            why="its request is not approved, or was taken already",
            fix="look at the request under Database > Restores",
        )
    request = RestoreRequest.objects.get(pk=request_id)
    with _ended(request), acting(actor_label=_both(request)):
        plan = plan_restore(backup_id=request.backup_id, alias=request.alias)
        replaced = replace_live(
            plan,
            reason=request.reason,
            notes={
                "request": str(request.pk),
                "asked_by": request.asked_by,
                "approved_by": request.decided_by,
            },
        )
        told = _told(replaced)
        found = [f"{each.subject}: {each}" for each in replaced.findings]
        request.result = "\n".join([told, *found])
    return told


def settle_requests(now: datetime) -> None:
    """Give an end to requests that nobody decides or takes, or whose worker died."""
    for request in RestoreRequest.objects.overdue(now, TAKEN_WITHIN):
        why = "nobody decided within a day"
        if request.state == RequestState.APPROVED:
            why = "no worker took it within an hour"
        _close(request, RequestState.EXPIRED, "It came to nothing.", why)
    running = RestoreRequest.objects.filter(state=RequestState.RUNNING)
    for request in running:
        if get_engine().lease_holder(lease_of(RUN_NAME)) is None:
            _close(
                request,
                RequestState.FAILED,
                "Its worker ended without a word.",
                "restore --resume --dry-run says what it left",
            )


def is_decided(request: RestoreRequest) -> bool:
    """Return whether there is nothing more to approve or refuse."""
    return request.state != RequestState.ASKED or request.expires_at <= timezone.now()


def _decide(
    request: RestoreRequest,
    person: Person,
    what: str,
    state: RequestState,
    reason: str,
    **more: Any,
) -> None:
    now = timezone.now()
    undecided = RestoreRequest.objects.filter(
        pk=request.pk, state=RequestState.ASKED, expires_at__gt=now
    )
    with business_transaction(reason=f"restore {request.backup_id}: {reason}"):
        is_mine = undecided.update(
            state=state,
            decided_by=person.name,
            decided_key=person.key,
            decided_at=now,
            updated_at=now,
            **more,
        )
    if not is_mine:
        raise RequestRefusedError(
            what,
            why="it was decided already, or its day is over",
            fix="reload the page; ask anew if it is still wanted",
        )
    request.refresh_from_db()


def _close(request: RestoreRequest, state: RequestState, what: str, why: str) -> None:
    now = timezone.now()
    # Only if it is still as it was read: somebody may have decided meanwhile.
    still = RestoreRequest.objects.filter(pk=request.pk, state=request.state)
    with business_transaction(reason=f"restore {request.backup_id}: {why}"):
        still.update(
            state=state,
            finished_at=now,
            error_what=what,
            error_why=why,
            updated_at=now,
        )


@contextmanager
def _ended(request: RestoreRequest) -> Iterator[None]:
    """Write down how it ended, in whichever database is live by then."""
    try:
        yield
    except StatesetError as error:
        _close(request, RequestState.FAILED, error.what, error.why)
        raise
    still = RestoreRequest.objects.filter(pk=request.pk, state=RequestState.RUNNING)
    now = timezone.now()
    with business_transaction(reason=f"restore {request.backup_id}: done"):
        still.update(
            state=RequestState.DONE,
            finished_at=now,
            result=request.result,
            updated_at=now,
        )


def _told(replaced: Replaced) -> str:
    return (
        f"{replaced.plan.source} is live with {replaced.rows_after:,} rows; safety"
        f" backup {replaced.safety_backup}, kept copy {replaced.plan.kept_as}"
    )


def _both(request: RestoreRequest) -> str:
    return f"{request.asked_by}, approved by {request.decided_by}"


def _require_right(person: Person, right: str, what: str) -> None:
    if right not in person.rights:
        raise RequestRefusedError(
            what,
            why=f"{person.name} has not the right {right}",
            fix="have an administrator give it, or ask somebody who has it",
        )


def _require_workers(what: str) -> None:
    if not conf.has_workers():
        raise RequestRefusedError(
            what,
            why=NO_WORKERS,
            fix="start one, or restore on the command line (docs/operator-restore.md)",
        )
