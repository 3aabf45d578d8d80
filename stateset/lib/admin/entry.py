"""How values stand in the boxes of a form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models

LEAST_DECIMALS = 2


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


FORMFIELD_OVERRIDES: Mapping[type[models.Field[Any, Any]], Mapping[str, Any]] = {
    models.DecimalField: {"form_class": TidyDecimalField}
}
