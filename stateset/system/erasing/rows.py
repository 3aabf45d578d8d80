"""Which rows are about a customer, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F
from django.utils import timezone

from stateset.lib.anonymise import Table, all_tables
from stateset.lib.anonymise_rows import rewritten
from stateset.lib.anonymise_rules import Pseudonyms
from stateset.lib.erasing import Belonging, all_belongings
from stateset.lib.models import Document, LogRow, Record

AT_ONCE = 500
"""Keys in one statement, beside what else it is given."""

Model = type[models.Model]
Keys = Mapping[Model, Sequence[Any]]
"""The keys of rows, by their model."""


@dataclass(frozen=True)
class Found:
    """The rows of one kind that are about a customer."""

    belonging: Belonging
    keys: list[Any]


def find_rows(using: str, key: UUID) -> list[Found]:
    """Return what there is of a customer, one query a kind of rows."""
    return [
        Found(each, list(each.rows(using, key).order_by().values_list("pk", flat=True)))
        for each in all_belongings()
    ]


def record_keys(found: Sequence[Found]) -> dict[Model, list[UUID]]:
    """Return the keys of rows of which is written down what becomes of them."""
    return _keys_of(found, Record)


def ledger_keys(found: Sequence[Found]) -> dict[Model, list[int]]:
    """Return the keys of rows that are sealed, or will be."""
    return _keys_of(found, LogRow)


def tables() -> dict[Model, Table]:
    """Return what every app says becomes of the columns of its models."""
    return {each.model: each for each in all_tables()}


def rewrite_rows(
    found: Sequence[Found], *, scope: str, using: str, names: Pseudonyms
) -> Iterator[tuple[Model, int]]:
    """Give rows their pseudonyms; yield how many of which model are others now."""
    for table, rows, spared in with_rules(found, scope=scope, using=using):
        for changed in rewritten(table, rows, names, spared=spared):
            _raise_version(table.model, changed, using)
            yield table.model, len(changed)


def with_rules(
    found: Sequence[Found], *, scope: str, using: str
) -> Iterator[tuple[Table, models.QuerySet[Any], list[str]]]:
    """Yield what is found, some rows at a time: the rules, the rows, what is spared."""
    said = tables()
    for each in found:
        model = each.belonging.model
        if model in said:
            spared = [*each.belonging.spared(scope)]
            for some in chunks(each.keys):
                rows = model._base_manager.using(using).filter(pk__in=some)
                yield said[model], rows, spared


def chunks(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield as many keys as a statement takes, again and again."""
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]


def _keys_of(found: Sequence[Found], kind: Model) -> dict[Model, list[Any]]:
    keys: dict[Model, list[Any]] = {}
    for each in found:
        # A model may be spoken of twice.
        if issubclass(each.belonging.model, kind):
            keys.setdefault(each.belonging.model, []).extend(each.keys)
    return keys


def _raise_version(model: Model, keys: Sequence[Any], using: str) -> None:
    """Have pages refused that show what these documents were."""
    if issubclass(model, Document):
        for some in chunks(keys):
            model._base_manager.using(using).filter(pk__in=some).update(
                version=F("version") + 1, updated_at=timezone.now()
            )
