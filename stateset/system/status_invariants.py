"""Hold the status of every document against the events that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, In
from django.utils import timezone

from stateset.lib.invariants import Violation
from stateset.lib.models import Document
from stateset.lib.rows import key_read
from stateset.system import conf
from stateset.system.models import Event

KEPT_SURELY = 0.9
"""Of the time events are kept. Services may date what they write, so a purge may
take an event that was written after one it leaves."""

AT_BIRTH = timedelta(seconds=10)
MOST_STATUSES = 64
LONG_AGO = 0

COMPARE = """
    WITH documents (line, status, is_moved) AS ({documents}),
         changes (line, newest) AS ({changes})
    SELECT documents.line
    FROM documents LEFT JOIN changes ON changes.line = documents.line
    WHERE CASE WHEN COALESCE(changes.newest, 0) %% {most} = 0 THEN documents.is_moved
               ELSE changes.newest %% {most} <> documents.status END
"""


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
    rows: Any = model._base_manager.annotate(explained=explained)
    for row in rows.in_bulk(_doubtful(model, since)).values():
        if row.explained not in (None, row.status):
            yield Violation(
                f"{model._meta.verbose_name} {row}",
                f"is {row.status}, by its events it is {row.explained}",
            )


def _doubtful(model: type[Document], since: datetime) -> list[UUID]:
    """Return the keys of the documents that are in another status than they should be.

    The events of all are read at once and joined to their documents, where a look for
    each document takes minutes; the few that this finds are looked at one by one.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    (documents, said), (changes, led_to) = (
        rows.order_by().query.get_compiler(connection=connection).as_sql()
        for rows in (_documents(model, since), _led_to(model, since))
    )
    with connection.cursor() as cursor:
        cursor.execute(
            COMPARE.format(documents=documents, changes=changes, most=MOST_STATUSES),
            [*said, *led_to],
        )
        return [key_read(key) for (key,) in cursor.fetchall()]


def _documents(model: Any, since: datetime) -> Any:
    """Return key, status, and whether that would be wrong without any change."""
    first = model._meta.get_field("status").get_default()
    # Most have changed, so their first events are looked for only in the join.
    moved = Case(
        When(
            ~Q(status=first),
            created_at__gte=since - AT_BIRTH,
            then=Exists(_birth(model, since)),
        ),
        default=False,
        output_field=BooleanField(),
    )
    return model._base_manager.values_list("pk", _coded(model, F("status")), moved)


def _led_to(model: type[Document], since: datetime) -> Any:
    """Return the key of each document, and the newest change with its status as one.

    One number, so that nothing has to be read twice: the event's id, and the status
    it led to in the last places; a zero there is a change long ago.
    """
    status = Case(
        When(occurred_at__lt=since, then=LONG_AGO),
        default=_coded(model, KT("payload__to")),
    )
    # In the sum and not as a filter, whose share of the rows no engine can guess.
    change = Case(When(_is_change(model), then=F("pk") * MOST_STATUSES + status))
    newest = Max(change, output_field=BigIntegerField())
    changes = _events_of(model).filter(payload__has_key="to").values("aggregate_id")
    return changes.annotate(newest=newest).values_list("aggregate_id", "newest")


def _coded(model: type[Document], status: Any) -> Case:
    """Return a number for a status of a kind of documents; one for all others."""
    known = sorted({*model.TRANSITIONS, *set().union(*model.TRANSITIONS.values())})
    return Case(
        *(
            When(Exact(status, Value(name)), then=at)
            for at, name in enumerate(known, 1)
        ),
        default=MOST_STATUSES - 1,
        output_field=IntegerField(),
    )


def _last_change(model: type[Document], since: datetime) -> Subquery:
    """Return what the last change of status led to; none where that is long ago."""
    led_to = Case(When(occurred_at__gte=since, then=KT("payload__to")))
    mine = _events_of(model).filter(
        _is_change(model), aggregate_id=OuterRef("pk"), payload__has_key="to"
    )
    return Subquery(
        mine.order_by("-pk").values(led_to=led_to)[:1], output_field=CharField()
    )


def _is_change(model: type[Document]) -> Q:
    """Return what tells a change of status from the other events of a document."""
    # Legal edges only: other columns change from one value to another too.
    targets = sorted(set().union(*model.TRANSITIONS.values()))
    is_legal = Q(In(KT("payload__from"), list(model.TRANSITIONS))) & Q(
        In(KT("payload__to"), targets)
    )
    # A person who mends a row by hand is bound to none, and writes only the status so.
    return is_legal | Q(event_type__endswith=".edited_by_hand")


def _first_status(model: Any, since: datetime) -> Case:
    """Return the status of new documents, where their first event is kept."""
    first = model._meta.get_field("status").get_default()
    return Case(
        When(Exists(_birth(model, since)), then=Value(first)), output_field=CharField()
    )


def _birth(model: type[Document], since: datetime) -> Any:
    """Return the first event of a document, where it is kept."""
    return _events_of(model).filter(
        aggregate_id=OuterRef("pk"),
        is_told=True,
        occurred_at__gte=since,
        occurred_at__lte=OuterRef("created_at") + AT_BIRTH,
    )


def _events_of(model: type[Document]) -> Any:
    return Event.objects.filter(aggregate_type=model._meta.model_name)
