"""Rows read by their keys, some at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

AnyModel = TypeVar("AnyModel", bound=Model)

AT_ONCE = 1000
"""A statement takes no more than 65,535 values, and memory not all rows there are."""


def whole_rows(
    rows: QuerySet[AnyModel], keys: Iterable[Any]
) -> Iterator[tuple[Any, AnyModel]]:
    """Yield key and row of each that is there, however many keys there are."""
    left = iter(keys)
    while some := list(islice(left, AT_ONCE)):
        yield from rows.in_bulk(some).items()
