"""What an erasure would change and what it would leave, in words for people."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stateset.lib.anonymise_rows import count_rewritten
from stateset.lib.anonymise_rules import Pseudonyms
from stateset.lib.erasing import Kept
from stateset.system.erasing.rows import Found, Model, chunks, tables

KEY_BYTES = 32


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
    names, said = Pseudonyms(secrets.token_bytes(KEY_BYTES)), tables()
    count: Counter[Model] = Counter()
    for each in found:
        model, spared = each.belonging.model, each.belonging.spared(scope)
        if model not in said:
            continue
        for some in chunks(each.keys):
            rows = model._base_manager.using(using).filter(pk__in=some)
            count[model] += count_rewritten(said[model], rows, names, spared=[*spared])
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
