"""The erasures that a database knows of, and how a restored one has them again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections

from stateset.lib.erasing import end
from stateset.lib.erasures import Erasure
from stateset.lib.journal import business_transaction
from stateset.system import models as tables
from stateset.system.erasing.flow import carry_out, record_erasure, subject_of
from stateset.system.erasing.traces import ERASED
from stateset.system.models import Event


def recorded(using: str) -> list[Erasure]:
    """Return every erasure, oldest first; none where a database is older than them."""
    connection = connections[using]
    with connection.cursor() as cursor:
        there = connection.introspection.table_names(cursor)
    if tables.Erasure._meta.db_table not in there:
        return []
    rows = tables.Erasure.objects.using(using).order_by("erased_at", "id")
    return [row.record() for row in rows]


def erase_again(using: str, erasures: Iterable[Erasure]) -> int:
    """Carry out what a restored database does not know of; return how many those were.

    In one transaction. Whom it does not have is recorded and not counted.
    """
    count = 0
    with business_transaction(reason="erased again after a restore", using=using):
        known = {
            (each.subject, each.subject_id, each.scope) for each in recorded(using)
        }
        for each in sorted(erasures, key=lambda erasure: erasure.erased_at):
            what = (each.subject, each.subject_id, each.scope)
            if what not in known:
                known.add(what)
                count += _again(each, using)
    return count


def _again(erasure: Erasure, using: str) -> bool:
    subject = subject_of(erasure, using)
    if subject is None:
        record_erasure(erasure, using=using)
        return False
    carry_out(erasure, subject, using=using)
    told = end(using, subject.pk)
    # For the page of the customer; nobody outside is told, as everybody was before.
    Event.objects.using(using).create(
        aggregate_type=subject._meta.model_name or "",
        aggregate_id=subject.pk,
        event_type=ERASED,
        payload={**told, "scope": erasure.scope},
    )
    return True
