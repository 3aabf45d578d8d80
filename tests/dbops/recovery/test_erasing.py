"""Whoever was erased since a backup does not come back with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from dbops.backups.create import create_backup
from dbops.backups.erasures import PURPOSE, keep_erasures, read_erasures
from dbops.backups.objects import read_object, write_object
from dbops.backups.signing import SIGNATURE, sign
from dbops.backups.storage import backup_places, backup_storage
from dbops.recovery.erasing import BY_STORAGE, NOT_AGAIN, SUBJECT, erase_again_in
from dbops.recovery.live import replace_live
from dbops.recovery.plans import plan_restore
from dbops.recovery.rebuild import rebuild
from orders.models import Customer
from orders.services.erasing import erase_customer
from stateset.lib.erasures import recorded
from stateset.lib.invariants import all_invariants, violations
from stateset.system.models import AuditEntry, Erasure
from stateset.system.sealing.flow import seal_log
from stateset.system.sealing.verify import verify_seals
from stateset.system.triggers import ledgers_open
from tests.dbops.recovery.books import lose
from tests.dbops.shop import Shop
from tests.orders.builders import make_customer
from tests.orders.erasing import (
    everything,
    make_old_customer,
    plant_into,
    words_in,
)

KEYS = {"ours": "k" * 32}


def objects() -> list[str]:
    return [each.name for each in backup_storage().objects("erasure_")]


def found() -> dict[str, str]:
    findings = erase_again_in("default", None, "default")
    return {each.subject: str(each) for each in findings}


@pytest.mark.long
@pytest.mark.parametrize("is_lost", [False, True])
def test_whoever_was_erased_since_the_backup_is_erased_again(
    books: Shop, *, is_lost: bool
) -> None:
    ada, grace = make_old_customer(), make_customer()
    kept = plant_into(ada)
    seal_log()
    create_backup(verify="none")
    erasure = erase_customer(customer=ada, reason="request")
    if is_lost:
        lose(books)
    replaced = replace_live(plan_restore(), reason="a wrong price list")
    told = {each.subject: str(each) for each in replaced.findings}
    assert told[SUBJECT] == "1 erased again"
    assert words_in(everything()) <= kept
    assert recorded("default") == [erasure]
    assert Customer.objects.get(pk=grace.pk).email == grace.email
    seal_log()
    assert list(violations(all_invariants())) == []


def test_what_the_storage_missed_comes_with_the_next_backup(
    books: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    erase_customer(customer=make_customer(), reason="request")
    (first,) = read_erasures(backup_storage(), "default").erasures
    assert objects() == [f"erasure_{first.id.hex}.json"]
    moved = books.backup_folder.rename(books.folder / "away")
    books.backup_folder.write_text("no folder")
    second = erase_customer(customer=make_customer(), reason="request")
    assert "not kept beside the backups yet" in caplog.text
    assert recorded("default") == [first, second]
    books.backup_folder.unlink()
    moved.rename(books.backup_folder)
    create_backup(verify="none")
    assert set(read_erasures(backup_storage(), "default").erasures) == {first, second}


@pytest.mark.django_db
def test_each_location_gets_what_it_has_not(vault: Path) -> None:
    Erasure.objects.create(subject="orders.customer", subject_id=make_customer().pk)
    local, far = backup_places()
    assert keep_erasures([local], "default") == 1
    assert rebuild().copied == 1
    assert read_erasures(far, "default") == read_erasures(local, "default")
    far.delete(objects()[0])
    assert keep_erasures([local, far], "default") == 1
    assert read_erasures(far, "default") == read_erasures(local, "default")
    assert keep_erasures([local, far], "default") == 0


@pytest.mark.django_db
def test_nobody_is_erased_for_what_is_not_believed(
    vault: Path, settings: Settings
) -> None:
    settings.BACKUP_SIGNING_KEYS = KEYS
    ada, grace, eve = (make_customer() for _ in range(3))
    storage = backup_storage()
    made = Erasure.objects.create(subject="orders.customer", subject_id=ada.pk)
    assert keep_erasures(backup_places(), "default") == 2
    (name,) = objects()
    true = read_object(storage, name)
    assert true is not None
    Erasure.objects.all().delete()

    forged: dict[str, Any] = {**true, "subject_id": str(grace.pk)}
    write_object(storage, name, forged)
    assert found() == {
        BY_STORAGE: "1 not believed, so nobody was erased for them:"
        f" {name} (its signature is not by the key 'ours': it was altered or forged)"
    }
    # Under another name it is no more believed, and another place's is nobody's here.
    write_object(storage, f"erasure_{'0' * 32}.json", true)
    elsewhere = {**true, "environment": "staging", "subject_id": str(eve.pk)}
    del elsewhere[SIGNATURE]
    elsewhere[SIGNATURE] = sign(elsewhere, PURPOSE)
    write_object(storage, name, elsewhere)
    assert read_erasures(storage, "default").erasures == ()
    assert found()[BY_STORAGE].endswith(".json (it is no erasure)")
    assert not Erasure.objects.exists()
    for customer in (ada, grace, eve):
        assert Customer.objects.get(pk=customer.pk).email == customer.email

    storage.delete(f"erasure_{'0' * 32}.json")
    storage.put(name, json.dumps(true).encode())
    assert found() == {SUBJECT: "1 erased again"}
    assert Customer.objects.get(pk=ada.pk).email != ada.email
    assert Erasure.objects.get().pk == made.pk
    assert found() == {}

    settings.BACKUP_SIGNING_KEYS = {"new": "n" * 32}
    assert rebuild().copied == 2
    Erasure.objects.all().delete()
    assert found() == {SUBJECT: "1 erased again"}


@pytest.mark.django_db
def test_one_that_cannot_be_carried_out_leaves_the_others_alone(vault: Path) -> None:
    ada = make_customer()
    Erasure.objects.create(subject="orders.customer", subject_id=ada.pk)
    Erasure.objects.create(subject="orders.nobody", subject_id=ada.pk)
    keep_erasures(backup_places(), "default")
    storage = backup_storage()
    naive = read_object(storage, objects()[0])
    assert naive is not None
    storage.put(f"erasure_{'1' * 32}.json", b"")
    write_object(
        storage,
        f"erasure_{'2' * 32}.json",
        {**naive, "id": "2" * 32, "erased_at": "2026-11-28T00:00:00"},
    )
    Erasure.objects.all().delete()
    told = found()
    assert told[SUBJECT] == "1 erased again"
    assert told[NOT_AGAIN].startswith("1 to be erased by hand: ")
    assert f"orders.nobody {ada.pk} (" in told[NOT_AGAIN]
    assert told[BY_STORAGE].startswith("2 not believed")
    assert [each.subject for each in Erasure.objects.all()] == ["orders.customer"]


@pytest.mark.django_db
@pytest.mark.parametrize("doubt", ["altered", "key"])
def test_what_is_broken_of_the_seals_stays_so_and_stops_nobody(
    vault: Path, settings: Settings, doubt: str
) -> None:
    ada = make_customer(last_name="Lovelace")
    Erasure.objects.create(subject="orders.customer", subject_id=ada.pk)
    keep_erasures(backup_places(), "default")
    Erasure.objects.all().delete()
    seal_log()
    entries = AuditEntry.objects.filter(resource_id=str(ada.pk))
    if doubt == "altered":
        with ledgers_open():
            entries.update(actor_label="somebody else")
    else:
        settings.SECRET_KEY = "of another machine"
    before = len(list(verify_seals()))
    assert found() == {SUBJECT: "1 erased again"}
    assert "Lovelace" not in str(list(entries.values_list("changes")))
    assert len(list(verify_seals())) >= before > 0
