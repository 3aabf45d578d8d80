"""Hold the numbers on documents against the series they were given out by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import CharField, F, Func, Max, Value
from django.db.models.functions import Left, Length, Right

from stateset.lib.invariants import Violation
from stateset.lib.models import Record
from stateset.system.models import NumberSequence

DIGITS = (6, 7)
"""How long a number is; a series of a year gives out no ten millions."""


def numbers_above_their_series() -> Iterator[Violation]:
    """Yield the highest number of a series that the series has not given out.

    The next document would get a number that is taken, or that somebody has seen.
    """
    given = {
        series.key: series.next_value - 1 for series in NumberSequence.objects.all()
    }
    for model, column in _numbered():
        for digits in DIGITS:
            for series, number in _highest(model, column, digits, given):
                if int(number[-digits:]) > given[series]:
                    yield Violation(number, f"{series} gave out {given[series]:,}")


def _numbered() -> Iterator[tuple[type[models.Model], str]]:
    """Yield the records with a number for people, and its column."""
    for model in apps.get_models():
        if not issubclass(model, Record):
            continue
        fields: Any = model._meta.local_concrete_fields
        for field in fields:
            is_looked_up = field.unique or field.db_index
            if field.name.endswith("_number") and is_looked_up:
                yield model, field.name


def _highest(
    model: type[models.Model], column: str, digits: int, given: dict[str, int]
) -> list[tuple[str, str]]:
    """Return the highest number of so many digits in each series of a table."""
    rows: Any = model._base_manager.annotate(
        series=Left(F(column), Length(column) - digits - 1)
    )
    # Numbers of other systems may look alike up to here. A regular expression takes
    # five times as long.
    is_ours = {"series__in": list(given), "rest": "", "dash": "-"}
    of_series = (
        rows.alias(
            rest=Func(
                Right(column, digits),
                Value("0123456789"),
                function="LTRIM",
                output_field=CharField(),
            ),
            dash=Left(Right(column, digits + 1), 1),
        )
        .filter(**is_ours)
        .order_by()
        .values("series")
    )
    found = of_series.annotate(highest=Max(column))
    return list(found.values_list("series", "highest"))
