"""Erase in one transaction: rows, what was written down of them, and their seals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.db.models import Max

from stateset.lib.anonymise_rules import Pseudonyms
from stateset.lib.erasures import Erasure
from stateset.lib.journal import acting, business_transaction, current_context
from stateset.lib.models import number_field
from stateset.system import models as tables
from stateset.system.erasing.holding import hold_rows
from stateset.system.erasing.rows import ledger_keys, record_keys, rewrite_rows
from stateset.system.erasing.traces import (
    ERASED,
    clear_lists,
    find_traces,
    gone_rows,
    rewrite_traces,
)
from stateset.system.models import AuditEntry
from stateset.system.sealing.flow import sealed_anew
from stateset.system.triggers import ledgers_open


def carry_out(
    erasure: Erasure,
    subject: models.Model,
    *,
    using: str,
    leaves_broken: bool = False,
) -> None:
    """Erase what is personal of ``subject``, and record that it was.

    In the caller's transaction. The key of the pseudonyms is kept nowhere. Raises
    SealBrokenError where rows that would change are not as they were sealed, unless it
    ``leaves_broken`` what is.
    """
    names = Pseudonyms()
    found = hold_rows(using, subject)
    keys = record_keys(found)
    for model, gone in gone_rows(using, keys).items():
        keys[model] = [*keys[model], *gone]
    traces = find_traces(using, keys)
    sealed = {**ledger_keys(found), **traces.ledger_keys()}
    count: Counter[type[models.Model]] = Counter()
    with (
        ledgers_open(using),
        sealed_anew(sealed, reason="erased", using=using, leaves_broken=leaves_broken),
        _unaudited(using),
    ):
        changes = (
            rewrite_rows(found, scope=erasure.scope, using=using, names=names),
            rewrite_traces(traces, using=using, names=names),
            clear_lists(using, keys, traces, _number(subject)),
        )
        for each in changes:
            for model, rows in each:
                count[model] += rows
    record_erasure(erasure, using=using)
    _note(subject, count, using)


def record_erasure(erasure: Erasure, *, using: str) -> None:
    """Keep that somebody was erased."""
    tables.Erasure.objects.using(using).create(**vars(erasure))


def subject_of(erasure: Erasure, using: str) -> models.Model | None:
    """Return whom an erasure is about, locked; None where there is nobody any more."""
    rows = apps.get_model(erasure.subject)._base_manager.using(using)
    found: models.Model | None
    found = rows.select_for_update().filter(pk=erasure.subject_id).first()
    return found


@contextmanager
def _unaudited(using: str) -> Iterator[None]:
    """Take out what the audit log wrote inside the block: it has the old values.

    ``audit_paused`` would have everybody wait who writes to any table; this has
    nobody wait, and a rollback takes it back just so.
    """
    entries = AuditEntry.objects.using(using)
    newest = entries.aggregate(at=Max("pk"))["at"] or 0
    mark = f"erasure {uuid4()}"
    with acting(covers_steps=False), business_transaction(reason=mark, using=using):
        yield
        # Marked, as others write at the same time.
        entries.filter(pk__gt=newest, reason=mark)._raw_delete(using)


def _note(
    subject: models.Model, count: Counter[type[models.Model]], using: str
) -> None:
    """Write the one entry that stays in the audit log: how many rows of what."""
    context = current_context()
    AuditEntry.objects.using(using).create(
        action=ERASED,
        resource_type=subject._meta.db_table,
        resource_id=str(subject.pk),
        changes={model._meta.db_table: rows for model, rows in count.items() if rows},
        actor_id=context.actor_id or None,
        actor_label=context.actor_label,
        reason=context.reason[:500],
        request_id=context.request_id,
    )


def _number(subject: models.Model) -> str:
    field = number_field(type(subject))
    return str(field.value_from_object(subject) if field else subject.pk)
