"""The only reader of settings in the orders app; read when asked for."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings


def cart_life() -> timedelta:
    """Return how long a cart is kept after it was last changed."""
    life: timedelta = settings.CART_LIFE
    return life


def default_currency() -> str:
    """Return the currency of a cart that names none."""
    return str(settings.DEFAULT_CURRENCY)


def keep_carts() -> timedelta:
    """Return how long a cart is kept after its time ran out."""
    span: timedelta = settings.KEEP_CARTS
    return span
