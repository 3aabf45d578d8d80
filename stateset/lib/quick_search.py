"""What the box on the home page finds: an app's ``quick_search.py`` has ``LOOKUPS``.

    LOOKUPS = [Lookup(Order, ["order_number", "tracking_number"])]

Every column named is compared as a whole, so each needs an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, Q
from django.utils.text import capfirst

HITS_EACH = 10


@dataclass(frozen=True)
class Lookup:
    """Columns of one model that a person knows one row by."""

    model: type[Model]
    columns: Sequence[str]


@dataclass(frozen=True)
class Hit:
    """One row that was meant, perhaps."""

    kind: str
    name: str
    row: Any


def look_up(lookup: Lookup, term: str) -> Iterator[Hit]:
    """Yield the rows whose number (or e-mail) is ``term``, however it was typed."""
    options = lookup.model._meta
    spellings = {term, term.upper(), term.lower()}
    is_it = reduce(or_, (Q(**{f"{name}__in": spellings}) for name in lookup.columns))
    for row in lookup.model._default_manager.filter(is_it)[:HITS_EACH]:
        yield Hit(kind=str(capfirst(options.verbose_name)), name=str(row), row=row)
