"""Amounts that their column can't be read back with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db.models import Q

from stateset.lib.fields import FittingDecimalField
from stateset.lib.invariants import Violation


def amounts_that_do_not_fit() -> Iterator[Violation]:
    """Name the rows by key alone: reading the amount is what fails."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, FittingDecimalField):
                yield from _too_large(model, field)


def _too_large(model: Any, field: Any) -> Iterator[Violation]:
    sides = (("gte", field.too_large), ("lte", -field.too_large))
    beyond = reduce(or_, (Q(**{f"{field.name}__{end}": edge}) for end, edge in sides))
    rows = model._base_manager.filter(beyond).order_by()
    for key in rows.values_list("pk", flat=True):
        yield Violation(
            f"{model._meta.verbose_name} {key}",
            f"{field.verbose_name} is {field.too_large:,} or more, which no list can"
            " show",
        )
