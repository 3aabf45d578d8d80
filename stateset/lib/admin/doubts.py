"""What is unlikely is asked about once; sent again as it is, it is done.

No rule: whoever means it sends the page a second time. The page carries what it asked,
so that whatever was typed anew is asked about anew.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

MANY_TIMES = 100
"""A forgotten decimal point makes this of an amount, or more."""

SURE = "sure"
SEND_AGAIN = "If so, press the button once more; if not, correct it."


class AskingForm(forms.Form):
    """A form that may ask whether what was typed is meant."""

    sure = forms.CharField(widget=forms.HiddenInput, required=False)

    def is_sure(self, doubt: str) -> bool:
        """Return whether this was asked already; if not, the form asks it now."""
        if not doubt or self.cleaned_data.get(SURE) == doubt:
            return True
        posted: Any = self.data
        data = posted.copy()
        data[self.add_prefix(SURE)] = doubt
        self.data = data
        return False


def times(amount: Decimal, usual: Decimal) -> int:
    """Return how many times the usual an amount is, 0 where that is not unlikely."""
    factor = int(amount / usual) if usual > 0 else 0
    return factor if factor >= MANY_TIMES else 0
