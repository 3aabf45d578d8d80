"""What ends by itself in returns."""

from __future__ import annotations

from returns.services.expiring import expire_returns
from stateset.lib.expiry import Expiry


def rules() -> tuple[Expiry, ...]:
    """Return the rule of returns that were approved and never came."""
    return (Expiry("returns.overdue", "overdue returns called off", expire_returns),)
