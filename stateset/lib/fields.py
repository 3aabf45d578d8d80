"""The kinds of column the domain is made of."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models

from stateset.lib.errors import StatesetError

MOST_UNITS = 2_147_483_647
"""As many as an integer column holds on either engine."""

MOST_MONEY = 10**15
"""What a money column does not hold any more."""

MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
"""Digits of a currency's minor unit where it is not two (ISO 4217, table A.1)."""


class TooLargeError(StatesetError):
    """A number has more digits than its column can be read back with."""


class FittingDecimalField(models.DecimalField):
    """A decimal that is refused in words where it does not fit its column.

    PostgreSQL refuses it by an error of its own; SQLite keeps it, and then no list
    that shows the row can be read.
    """

    def require_fit(self, value: Any) -> None:
        """Raise TooLargeError if a value has too many digits before the point."""
        # An expression is reckoned by the database; an invariant looks at the rest.
        if not isinstance(value, int | Decimal):
            return
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= self.too_large:
            name = str(self.verbose_name)
            raise TooLargeError(
                "Nothing was saved.",
                why=f"{name} would be {number:,f}; it must be less than"
                f" {self.too_large:,}",
                fix="check the numbers you typed",
            )

    @property
    def too_large(self) -> int:
        """The least amount that the column does not hold."""
        return int(10 ** (self.max_digits - self.decimal_places))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        self.require_fit(value)
        return super().get_db_prep_save(value, connection)


class MoneyField(FittingDecimalField):
    """An amount in the row's ``currency``: Decimal(19,4), zero by default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 4)
        if not kwargs.get("null"):
            kwargs.setdefault("default", Decimal(0))
        super().__init__(*args, **kwargs)


class CostField(FittingDecimalField):
    """A cost of one unit: Decimal(19,6), finer than any price."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)


class RateField(FittingDecimalField):
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
