"""What ends by itself in returns."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from returns.services.expiring import expire_returns
from returns.services.warranties import expire_warranties
from stateset.lib.expiry import Expiry


def rules() -> tuple[Expiry, ...]:
    """Return the rules of returns that never came, and of warranties."""
    return (
        Expiry("returns.overdue", "overdue returns called off", expire_returns),
        Expiry("returns.warranties", "warranties expired", _end_warranties),
    )


def _end_warranties(*, at: datetime) -> int:
    return expire_warranties(on=timezone.localdate(at))
