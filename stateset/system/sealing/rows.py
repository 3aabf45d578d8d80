"""The rows under a seal as text: the same for the same row, on the same engine."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models.functions import Cast, JSONArray

from stateset.system.models import Seal
from stateset.system.triggers import append_only_models

Row = tuple[int, str]
"""The key of a row, and all that is sealed of it."""

AT_ONCE = 2000


class Digest:
    """Counts and hashes rows, which come in the order of their keys."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, row: Row) -> None:
        """Take in the next row."""
        self.count += 1
        self._hash.update(row[1].encode())

    def value(self) -> str:
        """Return the fingerprint of all rows so far."""
        return self._hash.hexdigest()

    def agrees_with(self, seal: Seal) -> bool:
        """Return whether these are the rows that were sealed."""
        return (self.count, self.value()) == (seal.row_count, seal.rows_hash)


def sealed_models() -> list[type[models.Model]]:
    """Return the append-only models; the seals are bound to each other."""
    return [model for model in append_only_models() if model is not Seal]


def columns_of(model: type[models.Model]) -> str:
    """Return the columns that a new seal covers, the key first."""
    fields = sorted(model._meta.local_concrete_fields, key=lambda f: not f.primary_key)
    return ",".join(field.attname for field in fields)


def texts_of(
    model: type[models.Model], columns: str, *, using: str
) -> models.QuerySet[Any, Row]:
    """Return the rows of a table as they are sealed.

    The database writes the text: a fifth of what it costs to read each value. Times
    are in UTC, as Django has every connection.
    """
    text = Cast(JSONArray(*columns.split(",")), models.TextField())
    return model._base_manager.using(using).values_list("pk", text)


def rows_between(
    model: type[models.Model], columns: str, first: int, last: int, *, using: str
) -> Iterator[Row]:
    """Yield the rows from ``first`` to ``last`` in order."""
    texts = texts_of(model, columns, using=using)
    return texts.filter(pk__gte=first, pk__lte=last).order_by("pk").iterator(AT_ONCE)


def digest_of(
    model: type[models.Model],
    seal: Seal,
    *,
    using: str,
    without: Collection[int] = (),
) -> Digest:
    """Return the digest of the rows that are under a seal now."""
    made = Digest()
    rows = rows_between(model, seal.columns, seal.first_id, seal.last_id, using=using)
    for row in rows:
        if row[0] not in without:
            made.add(row)
    return made


def ranges(seals: Iterable[Seal]) -> Iterator[Seal]:
    """Yield the newest seal of each range, from seals in order of range and age."""
    newest: Seal | None = None
    for seal in seals:
        if newest is not None and newest.last_id != seal.last_id:
            yield newest
        newest = seal
    if newest is not None:
        yield newest
