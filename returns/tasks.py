"""The tasks of the workers: one line over a flow each; they say what came of it."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from returns import services


@shared_task(name="returns.expire_warranties")
def expire_warranties() -> str:
    """End the warranties whose time is over."""
    count = services.expire_warranties(on=timezone.now().date())
    return f"{count:,} warranties expired"
