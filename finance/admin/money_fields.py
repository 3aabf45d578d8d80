"""Fields of forms that ask for money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms

from finance.models import Payment
from stateset.lib.admin import ActionForm, money_text
from stateset.lib.admin.entry import AmountField


class MoneyForm(ActionForm):
    """Asks for an amount, at most what ``limit(row)`` leaves."""

    amount = AmountField()

    def prepare(self) -> None:
        if self.row is None:
            return
        left = max(Decimal(0), self.limit(self.row))
        words = money_text(left, self.row.currency)
        field: Any = self.fields["amount"]
        field.initial = words.partition(" ")[0].replace(",", "")
        field.help_text = f"At most {words}."

    def limit(self, row: Any) -> Decimal:
        """Return the most that may be asked; the service has the last word."""
        amount: Decimal = row.amount
        return amount


class PaymentForm(MoneyForm):
    """Asks for a payment: how much, how, and what the provider calls it."""

    method = forms.ChoiceField(choices=Payment.Method.choices)
    provider = forms.CharField(max_length=32, required=False)
    provider_reference = forms.CharField(
        max_length=255,
        required=False,
        help_text="What the bank or the provider calls it; recorded once.",
    )


def new_key() -> str:
    """Return a key for one page: sent twice, it is carried out once."""
    return f"page:{uuid4()}"
