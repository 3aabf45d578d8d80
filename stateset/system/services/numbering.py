"""Document numbers: ``ORD-2026-000123``, taken in the document's transaction."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from stateset.lib.journal import business_transaction
from stateset.system.models import NumberSequence


def next_number(prefix: str, *, at: datetime | None = None) -> str:
    """Take the next number of ``prefix`` and the year of ``at``.

    The counter row stays locked until the caller's transaction ends, and a
    rolled-back one gives its number back: series have no gaps.
    """
    key = f"{prefix}-{(at or timezone.now()).year}"
    with business_transaction():
        NumberSequence.objects.get_or_create(key=key)
        NumberSequence.objects.filter(key=key).update(next_value=F("next_value") + 1)
        taken = NumberSequence.objects.get(key=key).next_value - 1
    return f"{key}-{taken:06d}"
