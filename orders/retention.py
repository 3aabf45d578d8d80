"""How long carts are kept that nobody ordered."""

from __future__ import annotations

from datetime import datetime

from orders import conf
from orders.models import Cart
from stateset.lib.retention import Rows, Rule


def rules() -> tuple[Rule, ...]:
    """Return the rule of carts; one that was ordered stays with its order."""
    return (Rule("orders.carts", conf.keep_carts(), _left_behind),)


def _left_behind(before: datetime) -> Rows:
    return Cart.objects.exclude(status=Cart.Status.CONVERTED).filter(
        expires_at__lt=before
    )
