"""Hold the status of every document against the events that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from stateset.lib.invariants import Violation
from stateset.lib.models import Document
from stateset.system import conf
from stateset.system.models import Event

KEPT_SURELY = 0.9
"""Of the time events are kept. Services may date what they write, so a purge may
take an event that was written after one it leaves."""

AT_BIRTH = timedelta(seconds=10)
CHUNK = 2000


def statuses_that_no_event_explains() -> Iterator[Violation]:
    """Yield the documents in another status than their last change of it led to.

    One that has never changed it is in the first status. Nothing is said of those
    whose events may have been purged, or which came in without any.
    """
    since = timezone.now() - conf.keep_events() * KEPT_SURELY
    for model in apps.get_models():
        if issubclass(model, Document) and model.TRANSITIONS:
            yield from _differing(model, since)


def _differing(model: type[Document], since: datetime) -> Iterator[Violation]:
    explained = Coalesce(_last_change(model, since), _first_status(model, since))
    # NULLIF, since each other comparison would look for the event twice.
    rows: Any = model._base_manager.annotate(
        explained=NullIf(explained, F("status"), output_field=CharField())
    )
    wrong = rows.filter(explained__isnull=False)
    for row in wrong.order_by().iterator(CHUNK):
        yield Violation(
            f"{model._meta.verbose_name} {row}",
            f"is {row.status}, by its events it is {row.explained}",
        )


def _last_change(model: type[Document], since: datetime) -> Subquery:
    """Return what the last change of status led to; none where that is long ago."""
    # Legal edges only: other columns change from one value to another too.
    is_legal = Q(
        payload__from__in=list(model.TRANSITIONS),
        payload__to__in=sorted(set().union(*model.TRANSITIONS.values())),
    )
    # A person who mends a row by hand is bound to none, and writes only the status so.
    is_by_hand = Q(event_type__endswith=".edited_by_hand", payload__has_key="to")
    changes = _events_of(model).filter(is_legal | is_by_hand)
    led_to = Case(When(occurred_at__gte=since, then=KT("payload__to")))
    return Subquery(
        changes.order_by("-pk").values(led_to=led_to)[:1], output_field=CharField()
    )


def _first_status(model: Any, since: datetime) -> Case:
    """Return the status of new documents, where their first event is kept."""
    born = _events_of(model).filter(
        is_told=True,
        occurred_at__gte=since,
        occurred_at__lte=OuterRef("created_at") + AT_BIRTH,
    )
    first = model._meta.get_field("status").get_default()
    return Case(When(Exists(born), then=Value(first)), output_field=CharField())


def _events_of(model: type[Document]) -> Any:
    return Event.objects.filter(
        aggregate_type=model._meta.model_name, aggregate_id=OuterRef("pk")
    )
