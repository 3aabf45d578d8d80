"""The only reader of settings in the orders app; read when asked for."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings


def cart_life() -> timedelta:
    """Return how long a cart is kept after it was last changed."""
    return timedelta(days=getattr(settings, "CART_LIFE_DAYS", 30))


def default_currency() -> str:
    """Return the currency of a cart that names none."""
    return getattr(settings, "DEFAULT_CURRENCY", "USD")
