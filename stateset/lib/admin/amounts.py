"""Numbers in the boxes of a form, as people type them: 18.00, not 18.0000."""

from __future__ import annotations

from decimal import Decimal

from stateset.lib.fields import round_money


def typed_amount(amount: Decimal, currency: str) -> Decimal:
    """Return an amount with its cents, and finer digits only where it has some."""
    rounded = round_money(amount, currency)
    return rounded if rounded == amount else amount.normalize()


def typed_rate(rate: Decimal) -> Decimal:
    """Return a rate, which is at most 1, without zeros at its end."""
    return rate.normalize()
