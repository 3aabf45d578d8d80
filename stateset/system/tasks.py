"""The tasks over all apps: one line over a flow each; they say what came of it."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from stateset.lib.expiry import expire_records
from stateset.system.sealing.flow import seal_log as seal_new_rows
from stateset.system.services.proving import require_sound_books


@shared_task(name="system.seal_log")
def seal_log() -> str:
    """Seal what was written since the last time."""
    return seal_new_rows().summary


@shared_task(name="system.check_integrity")
def check_integrity() -> str:
    """Prove the books of every app; a rule that is broken fails the run."""
    return require_sound_books()


@shared_task(name="system.expire_records")
def expire_what_ran_out() -> str:
    """End what ran out, by the rules of each app."""
    ended = expire_records(at=timezone.now())
    return ", ".join(f"{count:,} {rule.ended}" for rule, count in ended)
