"""Who asks for stock in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from inventory.models import StockLevel
from inventory.services.stock import (
    Reference,
    reserve_stock,
)
from tests.inventory.builders import (
    make_demand,
    make_reference,
)


def buyer(*levels: StockLevel, quantity: int = 1, **options: Any) -> Callable[[], Any]:
    """Return who wants so many units of each level for an order of their own."""
    return partial(
        reserve_stock,
        location=levels[0].location,
        demands=[make_demand(level, quantity) for level in levels],
        reference=make_reference(),
        **options,
    )


def ran_out(level: StockLevel, quantity: int) -> Reference:
    """Reserve units until a moment ago, and return for whom."""
    reference = make_reference()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, quantity)],
        reference=reference,
        expires_at=timezone.now() - timedelta(seconds=1),
    )
    return reference
