"""The tasks of the workers: one line over a flow each; they say what came of it."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from orders import services


@shared_task(name="orders.expire_carts")
def expire_carts() -> str:
    """Close the carts that nobody ordered in time."""
    return f"{services.expire_carts(at=timezone.now()):,} carts expired"
