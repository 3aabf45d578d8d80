"""The tasks over all apps: one line over a flow each."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from stateset.lib.expiry import expire_records


@shared_task(name="system.expire_records")
def expire_what_ran_out() -> str:
    """End what ran out, by the rules of each app."""
    ended = expire_records(at=timezone.now())
    return ", ".join(f"{count:,} {rule.ended}" for rule, count in ended)
