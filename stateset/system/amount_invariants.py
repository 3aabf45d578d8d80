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
    """Name the rows by key alone: reading the amount is what fails.

    Each table is read once, for all its amounts.
    """
    for model in apps.get_models():
        fields = [
            field
            for field in model._meta.local_concrete_fields
            if isinstance(field, FittingDecimalField)
        ]
        if fields:
            yield from _too_large(model, fields)


def _too_large(model: Any, fields: list[Any]) -> Iterator[Violation]:
    beyond = {field: _beyond(field) for field in fields}
    rows = model._base_manager.filter(reduce(or_, beyond.values())).order_by()
    for key in rows.values_list("pk", flat=True):
        for field in fields:
            if rows.filter(beyond[field], pk=key).exists():
                yield Violation(
                    f"{model._meta.verbose_name} {key}",
                    f"{field.verbose_name} is {field.too_large:,} or more, which no"
                    " list can show",
                )


def _beyond(field: Any) -> Q:
    return Q(**{f"{field.name}__gte": field.too_large}) | Q(
        **{f"{field.name}__lte": -field.too_large}
    )
