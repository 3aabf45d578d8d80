"""Hold the append-only tables against their seals: each once, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db import DEFAULT_DB_ALIAS, models

from stateset.lib.invariants import Violation
from stateset.system.models import Seal
from stateset.system.sealing.chain import chain_violations
from stateset.system.sealing.digests import Broken, differing
from stateset.system.sealing.rows import AT_ONCE, ranges, sealed_models

SEALS_A_QUERY = 2000


def verify_seals(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[Violation]:
    """Yield what is wrong with the seals, and each range that is not as sealed."""
    seals = Seal.objects.using(using).order_by("pk")
    yield from chain_violations(seals.iterator(AT_ONCE))
    everything: list[type[models.Model]] = [*sealed_models(), Seal]
    for model in everything:
        table = model._meta.db_table
        below = model._base_manager.using(using).filter(pk__lt=1).order_by("pk")
        for key in below.values_list("pk", flat=True).iterator(AT_ONCE):
            yield Violation(f"{table} {key}", "no row gets such an id by itself")
        for seal, there in broken_ranges(model, using=using):
            words = f"{seal.row_count:,} rows were sealed, {there:,} are there"
            if there == seal.row_count:
                words = "a row is not what it was when it was sealed"
            yield Violation(
                str(seal), f"{words} (seal {seal.pk}, {seal.created_at:%Y-%m-%d %H:%M})"
            )


def broken_ranges(model: type[models.Model], *, using: str) -> Iterator[Broken]:
    """Yield the seals whose rows are not those they were made of, and how many."""
    standing = _standing(model, using)
    while some := list(islice(standing, SEALS_A_QUERY)):
        yield from differing(model, some, using=using)


def _standing(model: type[models.Model], using: str) -> Iterator[Seal]:
    """Yield the seals that hold, in order of ids."""
    seals = Seal.objects.using(using).filter(table_name=model._meta.db_table)
    if model is Seal:
        # Each covers all seals before it, so the newest says what the others do.
        return iter(seals.order_by("-pk")[:1])
    return ranges(seals.order_by("last_id", "pk").iterator(AT_ONCE))
