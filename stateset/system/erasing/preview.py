"""What an erasure would change and what it would leave, in words for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stateset.lib.anonymise_rows import count_rewritten
from stateset.lib.anonymise_rules import Pseudonyms
from stateset.lib.erasing import Kept
from stateset.system.erasing.rows import Found, Model, chunks, with_rules


@dataclass(frozen=True)
class Going:
    """How many rows of a model would be others."""

    model: Model
    count: int

    @property
    def name(self) -> str:
        """Return what such rows are called."""
        return str(self.model._meta.verbose_name_plural)

    def __str__(self) -> str:
        one = str(self.model._meta.verbose_name)
        return f"{self.count:,} {one if self.count == 1 else self.name}"


def going_rows(found: Sequence[Found], *, scope: str, using: str) -> list[Going]:
    """Return how many rows of what would be others; those that stay don't count.

    Cost: what is found is read.
    """
    names = Pseudonyms()
    count: Counter[Model] = Counter()
    for table, rows, spared in with_rules(found, scope=scope, using=using):
        count[table.model] += count_rewritten(table, rows, names, spared=spared)
    return [Going(model, rows) for model, rows in count.items() if rows]


def kept_parts(found: Sequence[Found], *, scope: str, using: str) -> list[Kept]:
    """Return what stays as it is, of that which is there at all."""
    kept: list[Kept] = []
    for each in found:
        for name in each.belonging.spared(scope):
            part = each.belonging.kept[name]
            if part not in kept and _has(each, name, using):
                kept.append(part)
    return kept


def _has(found: Found, column: str, using: str) -> bool:
    rows = found.belonging.model._base_manager.using(using)
    return any(
        value
        for some in chunks(found.keys)
        for value in rows.filter(pk__in=some).values_list(column, flat=True)
    )
