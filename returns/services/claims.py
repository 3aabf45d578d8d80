"""Warranty claims: a fault reported, decided, resolved."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from returns.errors import ClaimRefusedError, WarrantyRefusedError
from returns.models import Warranty, WarrantyClaim
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row


def submit_claim(
    warranty: Warranty,
    *,
    failed_on: date,
    description: str,
    at: datetime | None = None,
) -> WarrantyClaim:
    """Report a fault under a warranty.

    Raises WarrantyRefusedError when the fault lies outside the warranty's days, the
    warranty is void, or another claim is open.
    """
    moment = at or timezone.now()
    with business_transaction():
        lock_row(warranty)
        _require_cover(warranty, failed_on)
        claim = WarrantyClaim.objects.create(
            claim_number=next_number("CLM", at=moment),
            warranty=warranty,
            failed_on=failed_on,
            description=description,
            claimed_at=moment,
        )
        record_event(claim, "claim.submitted", {"warranty": str(warranty)}, at=moment)
    return claim


def decide_claim(
    claim: WarrantyClaim,
    *,
    approve: bool,
    reason: str = "",
    at: datetime | None = None,
) -> WarrantyClaim:
    """Approve or reject a claim as the acting user; a rejection says why."""
    if not approve and not reason.strip():
        raise ClaimRefusedError(
            f"Claim {claim} was not rejected.",
            why="no reason was given, and the customer will ask for one",
            fix="say why",
        )
    to = WarrantyClaim.Status.APPROVED if approve else WarrantyClaim.Status.REJECTED
    with business_transaction(reason=reason):
        return change_status(
            claim,
            to,
            event_type=f"claim.{to}",
            at=at,
            payload={"reason": reason} if reason else None,
            status_reason=reason[:255],
            decided_by_id=acting_user_id(),
            decided_at=at or timezone.now(),
        )


def resolve_claim(
    claim: WarrantyClaim,
    *,
    resolution_type: str,
    resolution: str,
    at: datetime | None = None,
) -> WarrantyClaim:
    """Close an approved claim, saying how it was mended."""
    if resolution_type not in WarrantyClaim.Resolution.values or not resolution_type:
        raise ClaimRefusedError(
            f"Claim {claim} was not resolved.",
            why=f"{resolution_type or 'nothing'!r} is no way to resolve one",
            fix="choose repair, replace or refund",
        )
    with business_transaction():
        return change_status(
            claim,
            WarrantyClaim.Status.RESOLVED,
            event_type="claim.resolved",
            at=at,
            resolution_type=resolution_type,
            resolution=resolution,
            resolved_at=at or timezone.now(),
        )


def withdraw_claim(claim: WarrantyClaim, *, reason: str) -> WarrantyClaim:
    """Close a claim that the customer took back."""
    with business_transaction(reason=reason):
        return change_status(
            claim,
            WarrantyClaim.Status.WITHDRAWN,
            event_type="claim.withdrawn",
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def _require_cover(warranty: Warranty, failed_on: date) -> None:
    why = ""
    if warranty.status == Warranty.Status.VOID:
        why = f"warranty {warranty} is void"
    elif not warranty.starts_on <= failed_on <= warranty.ends_on:
        why = (
            f"warranty {warranty} covers {warranty.starts_on} to {warranty.ends_on}, "
            f"and the unit failed on {failed_on}"
        )
    elif WarrantyClaim.objects.open().filter(warranty=warranty).exists():
        why = f"warranty {warranty} has an open claim already"
    if why:
        raise WarrantyRefusedError(
            "The claim was not taken.",
            why=why,
            fix="check the date, or close the open claim first",
        )
