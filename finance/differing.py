"""Hold a sum that a row keeps against the rows it is the sum of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from finance.services.amounts import ZERO, exact
from stateset.lib.invariants import Violation
from stateset.lib.whole_rows import whole_rows


def differing(
    rows: Any, column: str, expression: Combinable, words: str
) -> Iterator[Violation]:
    """Yield the rows whose ``column`` is not what ``expression`` comes to."""
    wrong = rows.annotate(found=expression).filter(~Q(**{column: F("found")}))
    # Added up by keys alone, for whole rows of a million fill the memory.
    sums = dict(wrong.order_by().values_list("pk", "found"))
    for key, row in whole_rows(rows.model._base_manager.all(), sums):
        kept = getattr(row, column)
        name = column.replace("_", " ")
        yield Violation(str(row), f"{name} is {kept:.4f}, {words} {sums[key]:.4f}")


def sum_at(path: str, **options: Any) -> Combinable:
    """Return what ``path`` adds up to, zero where it leads to nothing."""
    return exact(Coalesce(Sum(path, **options), ZERO))
