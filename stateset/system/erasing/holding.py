"""Hold the rows that are about a customer, so that nothing of them is in flight.

What somebody else changes at this moment is in the audit log only after the commit, so
an erasure waits for it, and looks for traces afterwards.
"""

from __future__ import annotations

from uuid import UUID

from django.db import models

from stateset.lib.models import Document
from stateset.system.erasing.rows import Found, Model, chunks, find_rows, record_keys

Keys = dict[Model, set[UUID]]


def hold_rows(using: str, subject: models.Model) -> list[Found]:
    """Lock what is about a customer until the transaction ends; return what it is.

    In the order in which services lock: documents, as the apps name them, the customer
    after whatever refers to it, then lines and addresses. Rows of a ledger need no
    lock, as nobody changes them, and SQLite has none.
    """
    held: Keys = {}
    found = find_rows(using, subject.pk)
    while new := _documents(_new(found, held), but=subject):
        _hold(using, new, held)
        found = find_rows(using, subject.pk)
    _hold(using, {type(subject): {subject.pk}}, held)
    # Nobody adds to a locked customer, so what was added before comes to an end.
    while new := _new(find_rows(using, subject.pk), held):
        _hold(using, new, held)
    return find_rows(using, subject.pk)


def _new(found: list[Found], held: Keys) -> Keys:
    """Return what is not held yet, documents first."""
    new = {
        model: keys
        for model, theirs in record_keys(found).items()
        if (keys := set(theirs) - held.get(model, set()))
    }
    return dict(sorted(new.items(), key=lambda item: not issubclass(item[0], Document)))


def _documents(keys: Keys, *, but: models.Model) -> Keys:
    return {
        model: theirs
        for model, theirs in keys.items()
        if issubclass(model, Document) and model is not type(but)
    }


def _hold(using: str, keys: Keys, held: Keys) -> None:
    for model, theirs in keys.items():
        rows = model._base_manager.using(using).select_for_update().order_by("pk")
        for some in chunks(sorted(theirs)):
            list(rows.filter(pk__in=some).values_list("pk"))
        held.setdefault(model, set()).update(theirs)
