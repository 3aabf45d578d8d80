"""Seals over the append-only tables: what breaks them, what does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.utils import timezone
from pytest_django import Settings

from dbops.maintenance.purge import purge_records
from stateset.accounts.models import User
from stateset.lib.errors import StatesetError
from stateset.system.models import AuditEntry, Event, OutboxMessage, Seal
from stateset.system.sealing import flow
from stateset.system.sealing.flow import (
    NothingToAcceptError,
    SealBrokenError,
    accept_seals,
    seal_log,
)
from stateset.system.sealing.rows import sealed_models
from stateset.system.sealing.verify import verify_seals
from stateset.system.services import record_event
from stateset.system.tasks import seal_log as seal_task
from stateset.system.triggers import ledgers_open
from tests.pages import act, change_url, staff, told
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

OTHER_KEY = "another secret key of fifty characters and a few more"


@pytest.fixture(autouse=True)
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few rows under a seal, but for what migrations wrote."""
    seal_log()
    monkeypatch.setattr(flow, "MOST_ROWS", 4)


def write_events(count: int, user: User | None = None) -> list[Event]:
    subject = user or make_user()
    return [record_event(subject, f"user.step{step}", {}) for step in range(count)]


def found() -> list[str]:
    return [str(violation) for violation in verify_seals()]


def rewrite(row: models.Model, **columns: Any) -> None:
    with ledgers_open():
        type(row)._base_manager.filter(pk=row.pk).update(**columns)


def remove(row: models.Model) -> None:
    with ledgers_open():
        type(row)._base_manager.filter(pk=row.pk).delete()


def seals_of(table: str) -> list[Seal]:
    return list(Seal.objects.filter(table_name=table).order_by("pk"))


def test_new_rows_are_sealed_once_and_hold() -> None:
    write_events(10)

    # The user was written too.
    assert seal_log().rows == 11
    assert seal_log().rows == 0
    assert found() == []
    assert [seal.row_count for seal in seals_of("events")] == [4, 4, 2]
    write_events(1)
    assert seal_task.run().endswith("rows sealed")
    assert found() == []


def test_a_seal_ends_where_the_next_begins() -> None:
    first, *_ = write_events(9)
    seal_log()
    spans = [(seal.first_id, seal.last_id) for seal in seals_of("events")]
    assert spans[0][0] == 1
    assert [after[0] for after in spans[1:]] == [last + 1 for _, last in spans[:-1]]
    assert spans[0][1] == first.pk + 3


@pytest.mark.parametrize(
    "columns",
    [
        {"payload": {"to": "paid"}},
        {"event_type": "user.other"},
        {"actor_id": None, "request_id": "r-9"},
        {"occurred_at": timezone.now() - timedelta(days=1)},
        {"is_told": False},
    ],
)
def test_a_changed_row_is_found_in_its_range(columns: dict[str, Any]) -> None:
    events = write_events(10)
    seal_log()
    rewrite(events[5], **columns)
    (trouble,) = found()
    span = f"events {events[4].pk}-{events[7].pk}"
    assert trouble.startswith(f"{span}: a row is not what it was when it was sealed")


def test_a_deleted_row_is_found() -> None:
    events = write_events(10)
    OutboxMessage.objects.all().delete()
    seal_log()
    remove(events[1])
    (trouble,) = found()
    assert ": 4 rows were sealed, 3 are there (seal " in trouble


def test_a_row_slipped_in_among_sealed_ones_is_found() -> None:
    events = write_events(6)
    OutboxMessage.objects.all().delete()
    remove(events[2])
    seal_log()
    Event.objects.create(
        pk=events[2].pk, aggregate_type="user", aggregate_id=events[0].aggregate_id
    )
    Event.objects.create(
        pk=-1, aggregate_type="user", aggregate_id=events[0].aggregate_id
    )
    low, slipped = found()
    assert low == "events -1: no row gets such an id by itself"
    assert "4 rows were sealed, 5 are there" in slipped


def test_every_append_only_table_is_sealed() -> None:
    tables = {model._meta.db_table for model in sealed_models()}
    assert tables == {
        "audit_log",
        "events",
        "inventory_transactions",
        "shipment_tracking",
    }


def test_a_seal_made_anew_without_the_key_is_found() -> None:
    """Who has the database and not the key can't cover up."""
    write_events(10)
    seal_log()
    victim = seals_of("events")[0]
    rewrite(victim, rows_hash="0" * 64)
    troubles = found()
    assert f"seal {victim.pk} of {victim}: was changed, or made without the key" in (
        troubles
    )
    assert any("does not follow the one before it" in trouble for trouble in troubles)


def test_a_seal_taken_out_is_found() -> None:
    write_events(10)
    seal_log()
    victim, after = seals_of("events")[:2]
    remove(victim)
    assert found() == [f"seal {after.pk} of {after}: does not follow the one before it"]


def test_a_seal_with_a_key_of_their_own_is_neither_believed_nor_built_upon() -> None:
    old = write_events(10)
    seal_log()
    age(*old)
    last = Seal.objects.latest("pk")
    rewrite(last, key_name="f" * 16, mac="f" * 64)
    (trouble,) = found()
    assert "was made with the key ffffffffffffffff, which is not configured" in trouble
    write_events(1)
    with pytest.raises(SealBrokenError) as refused:
        seal_log()
    assert "it names ffffffffffffffff" in str(refused.value)
    with pytest.raises(SealBrokenError, match="No rows were deleted"):
        purge_records(rules=["system.events"])
    assert Event.objects.count() == 11


def test_the_secret_key_is_changed_and_old_seals_hold(settings: Settings) -> None:
    write_events(5)
    seal_log()
    first_key = settings.SECRET_KEY

    settings.SECRET_KEY = OTHER_KEY
    assert len(found()) == 1
    settings.SECRET_KEY_FALLBACKS = [first_key]
    assert found() == []
    write_events(1)
    seal_log()

    # The newest seal vouches for those before it: the old key may go now.
    settings.SECRET_KEY_FALLBACKS = []
    assert found() == []
    assert len(set(Seal.objects.values_list("key_name", flat=True))) == 2
    victim = seals_of("events")[0]
    rewrite(victim, row_count=3)
    assert any("does not follow the one before it" in trouble for trouble in found())


def test_a_purge_leaves_seals_that_hold() -> None:
    events = write_events(10)
    seal_log()
    age(*events[:6])

    assert purge_records(rules=["system.events"]).summary == "Deleted 6 rows"

    assert found() == []
    assert [(seal.row_count, seal.reason) for seal in seals_of("events")[-2:]] == [
        (0, "purged"),
        (2, "purged"),
    ]
    rewrite(events[7], event_type="user.other")
    (trouble,) = found()
    assert trouble.startswith(f"events {events[4].pk}-{events[7].pk}: a row is not")


def test_a_purge_of_rows_that_were_never_sealed_needs_no_seal() -> None:
    events = write_events(3)
    age(*events)
    purge_records(rules=["system.events"])
    assert not Event.objects.exists()
    assert seals_of("events") == []


def test_evidence_is_not_purged() -> None:
    events = write_events(4)
    seal_log()
    age(*events)
    seal = seals_of("events")[-1]
    rewrite(events[0], event_type="user.other")

    with pytest.raises(StatesetError) as refused:
        purge_records(rules=["system.events"])

    assert str(refused.value) == (
        f"No rows of {seal} were deleted.\n"
        f"  why: they are not the rows of seal {seal.pk}\n"
        "  fix: find out who changed them, then accept the range on the page of its"
        " seal"
    )
    assert Event.objects.count() == 4


def test_what_differs_is_accepted_with_a_reason_and_stays_on_record() -> None:
    events = write_events(10)
    seal_log()
    rewrite(events[5], payload={"name": ""})
    rewrite(events[9], event_type="user.erased")
    remove(seals_of("audit_log")[0])
    troubles = found()
    assert len(troubles) == 3

    accepted = accept_seals(reason="erased by request 17")

    assert [str(each) for each in accepted] == troubles
    assert found() == []
    entry = AuditEntry.objects.get(action="seals.accept")
    assert entry.reason == "erased by request 17"
    assert len(entry.changes) == 3
    with pytest.raises(NothingToAcceptError):
        accept_seals(reason="again")
    # What was accepted is sealed as firmly as all else.
    rewrite(events[5], payload={"a": 1})
    rewrite(seals_of("events")[0], reason="mine")
    assert len(found()) == 2


def test_a_person_accepts_on_the_page_of_a_seal() -> None:
    events = write_events(4)
    seal_log()
    rewrite(events[0], event_type="user.other")
    seal = Seal.objects.latest("pk")
    client = staff()
    assert "Accept what differs" in client.get(change_url(seal)).content.decode()

    response = act(client, seal, "accept", reason="a test of ours")

    assert told(response)[0].startswith("1 finding accepted: events ")
    assert found() == []


def age(*events: Event) -> None:
    """Have events be older than they are kept, and told, in their seals too."""
    told_events = [event.pk for event in events]
    OutboxMessage.objects.filter(event__in=told_events).delete()
    with ledgers_open():
        Event.objects.filter(pk__in=told_events).update(
            occurred_at=timezone.now() - timedelta(days=9999)
        )
    if seals_of("events"):
        accept_seals(reason="older now")
