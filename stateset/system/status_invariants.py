"""Hold the status of every document against the events that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    IntegerField,
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
from stateset.lib.whole_rows import whole_rows
from stateset.system import conf
from stateset.system.models import Event

KEPT_SURELY = 0.9
"""Of the time events are kept. Services may date what they write, so a purge may
take an event that was written after one it leaves."""

AT_BIRTH = timedelta(seconds=10)

MOST_CODES = 1024
LONG_AGO, BY_NO_EDGE, UNHEARD_OF = 0, MOST_CODES - 2, MOST_CODES - 1

Codes = dict[tuple[type[Document], str], int]
"""A number for each status of each kind of documents."""

# The events of all kinds in one pass. The newest change of a document is one number,
# the event's id and the status it led to in the last places, so that nothing is read
# twice. No more than that goes into the sums, which may not fit in memory; with an
# EXISTS all events might be read once more.
COMPARE = """
    WITH edges (kind, was, became, code) AS (VALUES {edges}),
         told (id, kind, line, was, became, is_old) AS ({told}),
         changes (line, newest) AS (
             SELECT told.line, MAX(told.id * {most} + CASE WHEN told.is_old
                                   THEN {long_ago} ELSE edges.code END)
             FROM told JOIN edges ON edges.kind = told.kind
                 AND edges.was = told.was AND edges.became = told.became
             GROUP BY told.line
         ),
         documents (kind, line, code, has_moved) AS ({documents}),
         births (kind, line) AS ({births})
    SELECT documents.kind, documents.line
    FROM documents LEFT JOIN changes ON changes.line = documents.line
    WHERE CASE WHEN COALESCE(changes.newest, 0) %% {most} = {long_ago}
               THEN documents.has_moved AND 0 < (
                   SELECT COUNT(*) FROM births WHERE births.kind = documents.kind
                       AND births.line = documents.line)
               ELSE changes.newest %% {most} <> documents.code END
"""


def statuses_that_no_event_explains() -> Iterator[Violation]:
    """Yield the documents in another status than their last change of it led to.

    One that has never changed it is in the first status. Nothing is said of those
    whose events may have been purged, or which came in without any.
    """
    since = timezone.now() - conf.keep_events() * KEPT_SURELY
    models = [
        model
        for model in apps.get_models()
        if issubclass(model, Document) and model.TRANSITIONS
    ]
    doubtful = _doubtful(models, since)
    for model in models:
        yield from _differing(model, doubtful.get(_kind(model), []), since)


def _differing(
    model: type[Document], keys: list[UUID], since: datetime
) -> Iterator[Violation]:
    explained = Coalesce(_last_change(model, since), _first_status(model, since))
    rows: Any = model._base_manager.annotate(explained=explained)
    for _, row in whole_rows(rows, keys):
        if row.explained not in (None, row.status):
            yield Violation(
                f"{model._meta.verbose_name} {row}",
                f"is {row.status}, by its events it is {row.explained}",
            )


def _doubtful(models: list[type[Document]], since: datetime) -> dict[str, list[UUID]]:
    """Return the documents, by kind, that are in another status than they should be.

    A look for each document takes minutes; the few that this finds are looked at one
    by one.
    """
    codes = _codes(models)
    edges: list[Any] = list(_edges(codes))
    told = _as_sql([_told(since)])
    documents = _as_sql([_documents(model, codes, since) for model in models])
    births = _as_sql([_births(since)])
    statement = COMPARE.format(
        edges=", ".join(["(%s, %s, %s, %s)"] * len(edges)),
        told=told[0],
        documents=documents[0],
        births=births[0],
        most=MOST_CODES,
        long_ago=LONG_AGO,
    )
    found: dict[str, list[UUID]] = {}
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, [*chain(*edges), *told[1], *documents[1], *births[1]])
        for kind, key in cursor.fetchall():
            found.setdefault(kind, []).append(key_read(key))
    return found


def _as_sql(parts: list[Any]) -> tuple[str, list[Any]]:
    """Return the rows of several queries as one statement, and its values."""
    connection = connections[DEFAULT_DB_ALIAS]
    compiled = [
        rows.order_by().query.get_compiler(connection=connection).as_sql()
        for rows in parts
    ]
    statement = " UNION ALL ".join(sql for sql, _ in compiled)
    return statement, [value for _, values in compiled for value in values]


def _told(since: datetime) -> Any:
    """Return what each event says of a status: from which, to which, when and how."""
    return Event.objects.values_list(
        "pk",
        "aggregate_type",
        "aggregate_id",
        KT("payload__from"),
        KT("payload__to"),
        _whether(Q(occurred_at__lt=since)),
    )


def _documents(model: Any, codes: Codes, since: datetime) -> Any:
    """Return kind, key and status, and whether that would be wrong without a change."""
    first = model._meta.get_field("status").get_default()
    status = Case(
        *(
            When(status=status, then=code)
            for (kind, status), code in codes.items()
            if kind is model
        ),
        default=UNHEARD_OF,
        output_field=IntegerField(),
    )
    has_moved = ~Q(status=first) & Q(created_at__gte=since - AT_BIRTH)
    return model._base_manager.values_list(
        Value(_kind(model)), "pk", status, _whether(has_moved)
    )


def _births(since: datetime) -> Any:
    """Return whose first event may be kept; which it is, the one by one look tells."""
    born = Event.objects.filter(is_told=True, occurred_at__gte=since)
    return born.values_list("aggregate_type", "aggregate_id")


def _whether(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


def _codes(models: list[type[Document]]) -> Codes:
    statuses = (
        (model, status)
        for model in models
        for status in sorted(
            {*model.TRANSITIONS, *set().union(*model.TRANSITIONS.values())}
        )
    )
    return {status: code for code, status in enumerate(statuses, LONG_AGO + 1)}


def _edges(codes: Codes) -> Iterator[tuple[str, str, str, int]]:
    """Yield kind, status before, status after and its code.

    A person who mends a row is bound to no edge. That is rare, and other columns
    change from one value to another too: such a document is looked at by itself.
    """
    for (model, became), code in codes.items():
        for kind, was in codes:
            if kind is not model:
                continue
            if became in model.TRANSITIONS.get(was, ()):
                yield _kind(model), was, became, code
            elif was != became:
                yield _kind(model), was, became, BY_NO_EDGE


def _last_change(model: type[Document], since: datetime) -> Subquery:
    """Return what the last change of status led to; none where that is long ago."""
    led_to = Case(When(occurred_at__gte=since, then=KT("payload__to")))
    # Legal edges only: other columns change from one value to another too.
    is_legal = reduce(
        or_,
        (
            Q(Exact(KT("payload__from"), Value(was)))
            & Q(In(KT("payload__to"), sorted(targets)))
            for was, targets in model.TRANSITIONS.items()
        ),
    )
    mine = Event.objects.filter(
        is_legal | Q(event_type__endswith=".edited_by_hand"),
        payload__has_key="to",
        aggregate_type=_kind(model),
        aggregate_id=OuterRef("pk"),
    )
    return Subquery(
        mine.order_by("-pk").values(led_to=led_to)[:1], output_field=CharField()
    )


def _first_status(model: Any, since: datetime) -> Case:
    """Return the status of new documents, where their first event is kept."""
    first = model._meta.get_field("status").get_default()
    birth = _births(since).filter(
        aggregate_type=_kind(model),
        aggregate_id=OuterRef("pk"),
        occurred_at__lte=OuterRef("created_at") + AT_BIRTH,
    )
    return Case(When(Exists(birth), then=Value(first)), output_field=CharField())


def _kind(model: type[Document]) -> str:
    """Return what the events of a kind of documents call it."""
    return str(model._meta.model_name)
