"""The words in which an app says which rows are about a customer, for erasing one.

An app's ``erasure.py`` offers ``BELONGINGS``: of each model with something personal
how a customer's rows are found, and which columns stay and why. What becomes of the
others is what ``anonymise.py`` says of them. It may offer ``unfinished(using, key)``,
which yields what is still open for a customer, ``ended(using, key)``, which ends what
an erased one may not have any more and returns what the event tells of it,
``why_nobody(subject)``, which returns why a row stands for no person, and
``newest_issued(using, key)``, which returns the day of the newest issued invoice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from stateset.lib.discovery import discover

INVOICES = "invoices"
"""The scope of an erasure that takes what is kept of issued invoices too."""

Find = Callable[[str, UUID], Q]
"""Returns by the alias of a database and the key of a customer which rows are meant."""


@dataclass(frozen=True)
class Kept:
    """What stays, in words for people, and why; which scope takes it all the same."""

    what: str
    why: str
    unless: str | None = None


BY_KEY = Kept(
    "the keys by which an order or a payment that comes in twice is known",
    "without them it would be taken for another one",
)


@dataclass(frozen=True)
class Belonging:
    """Which rows of one model are about a customer, and what stays of them."""

    model: type[models.Model]
    find: Find
    kept: Mapping[str, Kept]

    def rows(self, using: str, key: UUID) -> models.QuerySet[Any]:
        """Return a customer's rows."""
        return self.model._base_manager.using(using).filter(self.find(using, key))

    def spared(self, scope: str) -> dict[str, str]:
        """Return the columns that an erasure leaves as they are, and why."""
        return {
            name: kept.why for name, kept in self.kept.items() if kept.unless != scope
        }


def belongs(
    model: type[models.Model], path: str, *, only: Q | None = None, **kept: Kept
) -> Belonging:
    """Say by which relations rows are a customer's: ``order__customer``."""

    def find(using: str, key: UUID) -> Q:
        theirs = Q(**{path: key})
        return theirs & only if only else theirs

    return Belonging(model, find, kept)


def refers(
    model: type[models.Model],
    kind: str,
    document: type[models.Model],
    path: str,
    **kept: Kept,
) -> Belonging:
    """Say it of rows that name a document by ``reference_type`` and ``reference_id``.

    ``path`` leads from the document to the customer. One kind at a time: of several
    the database would read the whole table.
    """

    def find(using: str, key: UUID) -> Q:
        theirs = document._base_manager.using(using).filter(**{path: key})
        return Q(reference_type=kind, reference_id__in=theirs.values("pk"))

    return Belonging(model, find, kept)


def all_belongings() -> Iterator[Belonging]:
    """Yield what every app says of its models."""
    for module in discover("erasure"):
        yield from module.BELONGINGS


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield what every app still has open for a customer."""
    for module in discover("erasure"):
        if asked := getattr(module, "unfinished", None):
            yield from asked(using, key)


def in_its_status(what: str, rows: Iterable[Any]) -> Iterator[str]:
    """Say of each document what it is called and its status, as what is open."""
    for row in rows:
        yield f"{what} {row} is {row.get_status_display().lower()}"


def why_nobody(subject: models.Model) -> str:
    """Return why a row stands for no person, "" where it stands for one."""
    for module in discover("erasure"):
        if (asked := getattr(module, "why_nobody", None)) and (why := asked(subject)):
            return str(why)
    return ""


def newest_issued(using: str, key: UUID) -> date | None:
    """Return the day of a customer's newest issued invoice, None without any."""
    days = [
        asked(using, key)
        for module in discover("erasure")
        if (asked := getattr(module, "newest_issued", None))
    ]
    return max((day for day in days if day), default=None)


def end(using: str, key: UUID) -> dict[str, Any]:
    """End what an erased customer may not have any more; return what changed."""
    told: dict[str, Any] = {}
    for module in discover("erasure"):
        if ended := getattr(module, "ended", None):
            told |= ended(using, key)
    return told
