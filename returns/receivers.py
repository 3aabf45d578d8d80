"""What returns do when the apps below them say that something happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orders.models import Order
from returns.services import register_warranties


def on_order_delivered(order: Order, at: datetime | None, **_: Any) -> None:
    """Begin the warranties of what arrived."""
    register_warranties(order, at=at)
