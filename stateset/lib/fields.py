"""The kinds of column the domain is made of."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models

MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
"""Digits of a currency's minor unit where it is not two (ISO 4217, table A.1)."""


class MoneyField(models.DecimalField):
    """An amount in the row's ``currency``: Decimal(19,4), zero by default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 4)
        if not kwargs.get("null"):
            kwargs.setdefault("default", Decimal(0))
        super().__init__(*args, **kwargs)


class CostField(models.DecimalField):
    """A cost of one unit: Decimal(19,6), finer than any price."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)


class RateField(models.DecimalField):
    """A rate as a fraction: 0.0875 is 8.75 %."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 7)
        kwargs.setdefault("decimal_places", 6)
        kwargs.setdefault("default", Decimal(0))
        super().__init__(*args, **kwargs)


class CurrencyField(models.CharField):
    """An ISO 4217 code in capitals; its check is ``constraints.currency_code``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        kwargs.setdefault("default", "USD")
        super().__init__(*args, **kwargs)


class StatusField(models.CharField):
    """Where a row stands; changed only through its transition function."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 20)
        super().__init__(*args, **kwargs)


def minor_units(currency: str) -> int:
    """Return how many decimals an amount of ``currency`` is written with."""
    return MINOR_UNITS.get(currency, 2)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the minor unit of ``currency``, as each line is."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)
