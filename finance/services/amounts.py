"""Amounts: how they are checked, shown, and counted up in the database."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import F, Model, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Round

from finance.errors import AmountError
from stateset.lib.fields import minor_units, round_money

ZERO = Decimal(0)


def money_text(amount: Decimal, currency: str) -> str:
    """Return ``1250.00 USD``, as sentences show an amount."""
    return f"{amount:.{minor_units(currency)}f} {currency}"


def require_amount(amount: Decimal, currency: str, *, refused: str) -> None:
    """Raise AmountError unless ``amount`` is above zero, in whole minor units.

    ``refused`` is the sentence that says what was not done.
    """
    if amount <= 0:
        raise AmountError(
            refused, why=f"the amount is {amount}", fix="give an amount above zero"
        )
    if amount != round_money(amount, currency):
        raise AmountError(
            refused,
            why=f"{amount} is finer than {currency} can be paid",
            fix=f"give {money_text(round_money(amount, currency), currency)}",
        )


def share_of(
    whole: Decimal, *, units: int, of: int, taken: Decimal, currency: str
) -> Decimal:
    """Return the next part of an amount when ``units`` of all are parted with.

    ``units`` counts those parted with before, which took ``taken``. The parts add up
    to the whole however it is split, and none is below zero: each is the rounded
    share of all units so far, less what went before.
    """
    return max(ZERO, round_money(whole * units / of, currency) - taken)


def sum_of(rows: QuerySet[Model], column: str) -> Decimal:
    """Return the sum of a column of amounts; no rows come to nothing."""
    total: Decimal = rows.aggregate(sum=Sum(column, default=ZERO))["sum"]
    return total


def exact(expression: Combinable) -> Round:
    """Round a sum of amounts in the database to the four places they are kept in.

    SQLite keeps amounts as binary fractions: 0.1 + 0.2 would pass 0.3.
    """
    return Round(expression, precision=4)


def raised(column: str, by: Decimal) -> Round:
    """Return ``column`` raised by an amount, for UPDATE and its condition."""
    return exact(F(column) + by)
