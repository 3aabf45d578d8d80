"""Requests for a restore for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from dbops.models import RestoreRequest
from stateset.accounts.models import User

BACKUP = "stateset_20261123_020000"


def make_request(user: User, **overrides: Any) -> RestoreRequest:
    """Return a saved request of ``user`` that waits for a second person."""
    values: dict[str, Any] = {
        "alias": "default",
        "backup_id": BACKUP,
        "reason": "a wrong price list",
        "asked_by": user.get_username(),
        "asked_key": str(user.pk),
        "expires_at": timezone.now() + timedelta(hours=1),
    }
    return RestoreRequest.objects.create(**values | overrides)
