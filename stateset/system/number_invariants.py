"""Hold the numbers on documents against the series they were given out by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import CharField, F, Func, Max, Value
from django.db.models.functions import Length

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
        for series, digits, number in _highest(model, column, given):
            if digits in DIGITS and int(number[-digits:]) > given[series]:
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
    model: type[models.Model], column: str, series: Iterable[str]
) -> Iterator[tuple[str, int, str]]:
    """Yield series, digits and the highest number of so many digits, for each series.

    Numbers of other systems may look alike up to the digits. One look at each number,
    and no column but it: the index of the numbers is enough.
    """
    rows: Any = model._base_manager.annotate(
        stem=Func(
            F(column),
            Value("0123456789"),
            function="RTRIM",
            output_field=CharField(),
        ),
        length=Length(column),
    )
    of_series = rows.filter(stem__in=[f"{key}-" for key in series]).order_by()
    by_length = of_series.values("stem", "length").annotate(highest=Max(column))
    for stem, length, highest in by_length.values_list("stem", "length", "highest"):
        yield stem[:-1], length - len(stem), highest
