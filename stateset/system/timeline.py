"""What the events and the audit log say about a document, for its page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from stateset.lib.timeline import Happening, Link, Subject
from stateset.system.models import AuditEntry, Event

REASON_COLUMNS = ("status_reason", "reason", "failure_message")
"""Where documents keep why their status changed."""

PAGES = (
    ("All events", "system.view_event", "admin:system_event_changelist"),
    ("Audit log", "system.view_auditentry", "admin:system_auditentry_changelist"),
)


def recall(subjects: Collection[Subject], limit: int) -> list[Happening]:
    """Return the newest events of the subjects, in two statements at most."""
    keys: dict[str, list[UUID]] = defaultdict(list)
    for kind, key in subjects:
        keys[kind].append(key)
    wanted = Q(pk__in=())
    for kind, of_kind in keys.items():
        wanted |= Q(aggregate_type=kind, aggregate_id__in=of_kind)
    found = Event.objects.filter(wanted).select_related("actor").order_by("-id")
    events = list(found[:limit])
    reasons = _reasons(events)
    return [
        Happening(
            subject=(event.aggregate_type, event.aggregate_id),
            name=event.event_type,
            at=event.occurred_at,
            by=event.actor.name if event.actor else "",
            reason=event.payload.get("reason") or reasons.get(_act(event), ""),
            facts=event.payload,
        )
        for event in events
    ]


def further_reading(row: Model, request: HttpRequest) -> list[Link]:
    """Return the pages with all events and all changes of a row, as one may see."""
    query = urlencode({"q": str(row.pk)})
    found = []
    for label, permission, view in PAGES:
        if request.user.has_perm(permission):
            # A site need not have every page.
            with suppress(NoReverseMatch):
                found.append((label, f"{reverse(view)}?{query}"))
    return found


def _act(event: Event) -> tuple[str, str]:
    return event.request_id, str(event.aggregate_id)


def _reasons(events: Iterable[Event]) -> dict[tuple[str, str], str]:
    """Return what the document kept as the reason, where its event does not say it."""
    silent = {
        _act(event)
        for event in events
        if event.request_id and "to" in event.payload and "reason" not in event.payload
    }
    if not silent:
        return {}
    found: dict[tuple[str, str], str] = {}
    entries = AuditEntry.objects.filter(
        request_id__in={request_id for request_id, _ in silent},
        resource_id__in={key for _, key in silent},
    )
    columns = ("request_id", "resource_id", "changes")
    for request_id, key, changes in entries.order_by("id").values_list(*columns):
        for column in REASON_COLUMNS:
            if said := (changes.get(column) or ("", ""))[1]:
                found[request_id, key] = str(said)
    return found
