"""What was written down of a customer's rows: events, the audit log, lists of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from stateset.lib.anonymise_rows import rewritten
from stateset.lib.anonymise_rules import REMOVED, Pseudonyms
from stateset.system.erasing.rows import Keys, Model, chunks, tables
from stateset.system.models import AuditEntry, Event, IntegrityRun, OutboxMessage

ERASED = "customer.erased"
"""What the audit log and the events call an erasure."""

STAFF = ("actor_label", "database_user", "request_id", "resource_id")
"""Columns of the audit log that say who did something, and to which row."""


@dataclass
class Traces:
    """The keys of what was written down, by what is to become of it.

    ``shared`` are entries of the audit log on rows that are nobody's, which have the
    reason of a step that was taken for the customer.
    """

    audit: list[int] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)

    def ledger_keys(self) -> dict[Model, list[int]]:
        """Return the keys of rows that are sealed, or will be."""
        return {AuditEntry: [*self.audit, *self.shared], Event: self.events}


def find_traces(using: str, keys: Keys) -> Traces:
    """Return what was written down of the rows that ``keys`` name."""
    traces = Traces()
    steps: set[tuple[str, str]] = set()
    for model, theirs in keys.items():
        about = [str(key) for key in theirs]
        for some in chunks(about):
            for pk, *step in _entries(using, model, some):
                traces.audit.append(pk)
                steps.add((step[0], step[1]))
            events = Event.objects.using(using).filter(
                aggregate_type=model._meta.model_name, aggregate_id__in=some
            )
            traces.events.extend(events.order_by().values_list("pk", flat=True))
    traces.shared.extend(_shared(using, steps, keys))
    return traces


def gone_rows(using: str, keys: Keys) -> dict[Model, list[UUID]]:
    """Return the keys of rows that were deleted, from the audit log alone.

    Those that belonged to a row which ``keys`` names, and to one of those, and so on.
    """
    gone: dict[Model, set[UUID]] = {}
    newest: Mapping[Model, Sequence[Any]] = keys
    while newest:
        found = {
            model: _deleted(using, model, newest) - gone.get(model, set())
            for model in keys
        }
        newest = {model: sorted(theirs) for model, theirs in found.items() if theirs}
        for model, theirs in newest.items():
            gone.setdefault(model, set()).update(theirs)
    return {model: sorted(theirs) for model, theirs in gone.items()}


def rewrite_traces(
    traces: Traces, *, using: str, names: Pseudonyms
) -> Iterator[tuple[Model, int]]:
    """Give what was written down its pseudonyms; yield how much of it is other now."""
    said = tables()
    only_reason = [name for name in said[AuditEntry].rules if name != "reason"]
    for model, keys, spared in (
        (AuditEntry, traces.audit, STAFF),
        (AuditEntry, traces.shared, only_reason),
        (Event, traces.events, ("request_id",)),
    ):
        count = 0
        for some in chunks(keys):
            rows = model._base_manager.using(using).filter(pk__in=some)
            for changed in rewritten(said[model], rows, names, spared=spared):
                count += len(changed)
        if count:
            yield model, count


def clear_lists(
    using: str, keys: Keys, traces: Traces, number: str
) -> Iterator[tuple[Model, int]]:
    """Clear what staff's lists call a customer's rows; yield how much that was."""
    yield LogEntry, sum(_clear_log(using, model, keys[model]) for model in keys)
    messages = OutboxMessage.objects.using(using).exclude(last_error="")
    yield (
        OutboxMessage,
        sum(
            messages.filter(event__in=some).update(last_error=REMOVED)
            for some in chunks(traces.events)
        ),
    )
    yield IntegrityRun, _clear_findings(using, number)


def _entries(
    using: str, model: Model, about: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    entries = AuditEntry.objects.using(using).exclude(action=ERASED)
    found = entries.filter(resource_type=model._meta.db_table, resource_id__in=about)
    yield from found.order_by().values_list("pk", "request_id", "reason")


def _shared(using: str, steps: set[tuple[str, str]], keys: Keys) -> Iterator[int]:
    """Yield the entries of the same requests with the same reason on nobody's rows."""
    requests = sorted({request for request, reason in steps if request and reason})
    others = AuditEntry.objects.using(using).exclude(
        resource_type__in=[model._meta.db_table for model in keys]
    )
    for some in chunks(requests):
        found = others.filter(request_id__in=some).exclude(reason="").order_by()
        for pk, *step in found.values_list("pk", "request_id", "reason"):
            if (step[0], step[1]) in steps:
                yield pk


def _deleted(using: str, model: Model, parents: Keys) -> set[UUID]:
    """Return which rows of a model were deleted that belonged to ``parents``."""
    deleted = AuditEntry.objects.using(using).filter(
        resource_type=model._meta.db_table, action="delete"
    )
    found: set[UUID] = set()
    for column in model._meta.local_concrete_fields:
        for some in chunks(parents.get(column.related_model, ())):  # type: ignore[arg-type]  # None is no key
            # SQLite's triggers write keys as they lie in the file: without hyphens.
            values = [text for key in some for text in (str(key), key.hex)]
            theirs = reduce(
                or_,
                (
                    Q(**{f"changes__{column.column}__0__in": part})
                    for part in chunks(values)
                ),
            )
            found |= {
                UUID(key)
                for key in deleted.filter(theirs).values_list("resource_id", flat=True)
            }
    return found


def _clear_log(using: str, model: Model, keys: Sequence[Any]) -> int:
    """Clear what the admin's own list of changes calls rows, and says of them."""
    kind = ContentType.objects.db_manager(using).get_for_model(model)
    entries = LogEntry.objects.using(using).filter(content_type_id=kind.pk)
    return sum(
        entries.filter(object_id__in=[str(key) for key in some]).update(
            object_repr=REMOVED, change_message=""
        )
        for some in chunks(keys)
    )


def _clear_findings(using: str, number: str) -> int:
    """Clear what proofs of the books found about the customer: it may say the name."""
    runs = IntegrityRun.objects.using(using).filter(findings__icontains=number)
    for run in runs:
        for each in run.findings:
            if number in f"{each['subject']} {each['found']}":
                each.update(subject=REMOVED, found=REMOVED)
        run.save(update_fields=["findings"])
    return len(runs)
