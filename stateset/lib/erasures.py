"""Who was erased, for whoever keeps copies of the database: they are to go there too.

The app that keeps the records offers ``erasures.py`` with ``recorded(using)`` and
``erase_again(using, erasures)``; nothing in a record is personal, so it may be kept
beside the backups for as long as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.dispatch import Signal

from stateset.lib.discovery import discover


@dataclass(frozen=True)
class Erasure:
    """That somebody was erased; nothing in it is personal.

    ``subject`` is the label of a model in small letters, ``orders.customer``;
    ``scope`` says which of the optional parts went too, "" or "invoices";
    ``actor_label`` is who did it, ``reason`` a word for why.
    """

    id: UUID
    subject: str
    subject_id: UUID
    erased_at: datetime
    scope: str
    actor_label: str
    reason: str


@dataclass(frozen=True)
class Again:
    """What came of erasing again: how many were, and why each other one was not.

    Of whom there was nothing left is in neither.
    """

    done: int
    refused: tuple[tuple[Erasure, str], ...] = ()


erased = Signal()
"""Sent with ``erasure`` after the commit; not for what is erased again."""


def recorded(using: str) -> list[Erasure]:
    """Return every erasure that a database knows of, oldest first."""
    return [
        erasure for module in discover("erasures") for erasure in module.recorded(using)
    ]


def erase_again(using: str, erasures: Iterable[Erasure]) -> Again:
    """Erase in a restored database whom it still has, and record it there.

    Those that are recorded there already are passed over. Each in one transaction,
    whatever is still open for them, and nobody is told.
    """
    known = list(erasures)
    found = [module.erase_again(using, known) for module in discover("erasures")]
    return Again(
        sum(each.done for each in found),
        tuple(refused for each in found for refused in each.refused),
    )
