"""How values stand in the boxes of a form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models

from stateset.lib.fields import MOST_UNITS

LEAST_DECIMALS = 2
WHOLE_DIGITS = 15
"""As many as a money column holds before the point."""


class TidyDecimalField(forms.DecimalField):
    """A number without the zeros that only its column has: 12.50, not 12.5000."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal) or not value.is_finite():
            return value
        shortest = value.normalize()
        exponent = shortest.as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) else 0
        wanted = LEAST_DECIMALS if self.decimal_places else 0
        return f"{value:.{max(decimals, wanted)}f}"


class AmountField(TidyDecimalField):
    """Money that an action asks for: zero or more, and what its column holds."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal(0))
        kwargs.setdefault("decimal_places", 4)
        kwargs.setdefault("max_digits", WHOLE_DIGITS + kwargs["decimal_places"])
        super().__init__(**kwargs)


class UnitsField(forms.IntegerField):
    """A whole number that an action asks for: zero or more, and what a column holds."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", MOST_UNITS)
        super().__init__(**kwargs)


FORMFIELD_OVERRIDES: Mapping[type[models.Field[Any, Any]], Mapping[str, Any]] = {
    models.DecimalField: {"form_class": TidyDecimalField}
}
