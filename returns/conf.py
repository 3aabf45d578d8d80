"""The settings of this app, read when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings


@dataclass(frozen=True)
class ApprovalLimits:
    """Up to which refund a return needs no approval, or only an ordinary one."""

    automatic: Decimal
    ordinary: Decimal


def approval_limits() -> ApprovalLimits:
    """Return the limits in force, in the currency of each order."""
    return ApprovalLimits(
        automatic=Decimal(settings.RETURN_AUTO_APPROVE_LIMIT),
        ordinary=Decimal(settings.RETURN_L1_LIMIT),
    )


def return_life() -> timedelta:
    """Return how long an approved return waits for its goods."""
    life: timedelta = settings.RETURN_LIFE
    return life
