"""What ends by itself in finance."""

from __future__ import annotations

from finance.services import expire_authorizations
from stateset.lib.expiry import Expiry


def rules() -> tuple[Expiry, ...]:
    """Return the rule of authorisations that nobody captured in time."""
    return (
        Expiry(
            "finance.authorizations", "authorisations run out", expire_authorizations
        ),
    )
