"""Rows inserted without the ORM are the rows that the ORM would insert."""

from __future__ import annotations

import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    IntegrityError,
    connections,
    models,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from inventory.models import Location
from stateset.lib.rows import fetch_rows, insert_rows, new_row
from stateset.system.models import Event

pytestmark = pytest.mark.django_db


def stored(row: models.Model) -> dict[str, object]:
    """Return every column of a row but its key and its times."""
    fresh = type(row)._default_manager.get(pk=row.pk)
    own = {"id", "code", "event_id", "created_at", "updated_at", "occurred_at"}
    return {
        field.attname: getattr(fresh, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in own
    }


def test_a_row_is_stored_as_the_orm_stores_it() -> None:
    ours, theirs = (Location(code=code, name="Hall 1") for code in "AB")
    insert_rows([ours])
    theirs.save()

    assert stored(ours) == stored(theirs)
    assert ours.updated_at is not None
    assert not ours._state.adding


def test_rows_get_their_keys_in_their_order() -> None:
    events = [
        Event(
            aggregate_type="test",
            aggregate_id=Location().pk,
            event_type=f"test.{number}",
            payload={"number": number, "words": ["ä", None]},
        )
        for number in range(300)
    ]

    insert_rows(events)

    kept = {row.pk: row for row in Event.objects.all()}
    assert [kept[event.pk].payload["number"] for event in events] == list(range(300))
    assert kept[events[0].pk].payload["words"] == ["ä", None]
    assert [event.pk for event in events] == sorted(kept)


def test_nothing_is_inserted_of_nothing() -> None:
    insert_rows([])


def test_constraints_hold() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([Location(code="A", name="x"), Location(code="A", name="y")])

    assert not Location.objects.exists()


def test_a_new_row_is_what_the_model_makes() -> None:
    ours, theirs = new_row(Location, code="A", name="Hall 1"), Location(code="B")
    insert_rows([ours])
    theirs.name = "Hall 1"
    theirs.save()

    assert stored(ours) == stored(theirs)
    assert new_row(Event).event_id != new_row(Event).event_id


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="Location has no columns nmae"):
        new_row(Location, nmae="Hall 1")


@pytest.mark.django_db(transaction=True)
def test_plain_statements_survive_a_new_connection() -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    for number in range(3):
        for _ in range(2):
            with transaction.atomic():
                assert fetch_rows("SELECT %s", [number], connection) == [(number,)]
        connection.close()


def test_who_looks_sees_plain_statements() -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    fetch_rows("SELECT 1", [], connection)
    with CaptureQueriesContext(connection) as seen:
        fetch_rows("SELECT 2", [], connection)
    fetch_rows("SELECT 3", [], connection)
    assert [query["sql"] for query in seen] == ["SELECT 2"]
