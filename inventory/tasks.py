"""The tasks of the workers: one line over a flow each; they say what came of it."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from inventory.services import stock


@shared_task(name="inventory.expire_reservations")
def expire_reservations() -> str:
    """Give back the stock whose reservation ran out."""
    count = stock.expire_reservations(at=timezone.now())
    return f"{count:,} reservations expired"
