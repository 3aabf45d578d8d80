"""The erasures that a database knows of, and how a restored one has them again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import DatabaseError, connections

from stateset.lib.erasing import end
from stateset.lib.erasures import Again, Erasure
from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction
from stateset.system import models as tables
from stateset.system.erasing.flow import carry_out, record_erasure, subject_of
from stateset.system.erasing.traces import ERASED
from stateset.system.models import Event

REASON = "erased again after a restore"


def recorded(using: str) -> list[Erasure]:
    """Return every erasure, oldest first; none where a database is older than them."""
    connection = connections[using]
    with connection.cursor() as cursor:
        there = connection.introspection.table_names(cursor)
    if tables.Erasure._meta.db_table not in there:
        return []
    rows = tables.Erasure.objects.using(using).order_by("erased_at", "id")
    return [row.record() for row in rows]


def erase_again(using: str, erasures: Iterable[Erasure]) -> Again:
    """Carry out what a restored database does not know of, each in one transaction.

    One that cannot be carried out leaves the others alone.
    """
    known = {each.id for each in recorded(using)}
    done, refused = 0, []
    for each in sorted(erasures, key=lambda erasure: erasure.erased_at):
        if each.id in known:
            continue
        known.add(each.id)
        try:
            with business_transaction(reason=f"{REASON}: {each.reason}", using=using):
                done += _again(each, using)
        except (DatabaseError, LookupError, ValueError, StatesetError) as error:
            # Of another release, or of rows that are not as they were sealed.
            why = (str(error).strip() or type(error).__name__).splitlines()
            refused.append((each, " ".join(line.strip() for line in why[:2])))
    return Again(done, tuple(refused))


def _again(erasure: Erasure, using: str) -> bool:
    subject = subject_of(erasure, using)
    if subject is None:
        record_erasure(erasure, using=using)
        return False
    # A restore brings back what was broken, and proves the books by it afterwards.
    carry_out(erasure, subject, using=using, leaves_broken=True)
    told = end(using, subject.pk)
    # For the page of the customer; nobody outside is told, as everybody was before.
    Event.objects.using(using).create(
        aggregate_type=subject._meta.model_name or "",
        aggregate_id=subject.pk,
        event_type=ERASED,
        payload={**told, "scope": erasure.scope},
    )
    return True
