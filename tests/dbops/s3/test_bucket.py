from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from pytest_django import Settings

from dbops.backups.storage import BackupStorage, StoredObject, s3_writing
from dbops.errors import NameTakenError, StorageError
from tests.dbops.backups.storage_contract import require_names_given_once
from tests.dbops.s3.conftest import PART, TestBucket, go_to
from tests.dbops.s3.servers import wire_to

STEM = "stateset_20261123_020000"
DAY = "backups/2026/11/23"
MANY = bytes(PART + 7)

pytestmark = [pytest.mark.usefixtures("small_parts"), pytest.mark.exhaustive]


def store(storage: BackupStorage, content: bytes, stem: str = STEM) -> None:
    with storage.create(stem, ".db") as target:
        for start in range(0, len(content), 1_000_000):
            target.write(memoryview(content)[start : start + 1_000_000])


def read(storage: BackupStorage, name: str) -> bytes:
    with storage.open(name) as file:
        return file.read()


def test_a_backup_lies_in_the_folder_of_its_day_and_has_a_flat_name(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    store(storage, b"all rows")
    storage.put(f"{STEM}.manifest.json", b"{}")
    storage.put("journal_20261123.json", b"[]")
    bucket.replace("backups/pitr/wal/1", b"of somebody else")
    assert bucket.keys() == [
        f"{DAY}/{STEM}.db",
        f"{DAY}/{STEM}.manifest.json",
        "backups/journal_20261123.json",
        "backups/pitr/wal/1",
    ]
    assert storage.objects() == [
        StoredObject("journal_20261123.json", 2),
        StoredObject(f"{STEM}.db", 8),
        StoredObject(f"{STEM}.manifest.json", 2),
    ]
    assert all(each.modified_at is not None for each in storage.objects())
    assert read(storage, "journal_20261123.json") == b"[]"
    assert storage.location == f"s3://{bucket.name}/backups"
    assert storage.free_bytes() is None


def test_what_is_large_goes_through_in_parts(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    content = os.urandom(2 * PART + 7)
    with storage.create(STEM, ".db") as target:
        target.write(content)
        assert storage.objects() == []
        assert bucket.uploads() == [f"{DAY}/{STEM}.db"]
    assert read(storage, f"{STEM}.db") == content
    assert bucket.uploads() == []
    found = bucket.client.head_object(Bucket=bucket.name, Key=f"{DAY}/{STEM}.db")
    assert found["ETag"].endswith('-3"')


def test_what_is_small_carries_its_hash(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    store(storage, b"all rows")
    found = bucket.client.head_object(Bucket=bucket.name, Key=f"{DAY}/{STEM}.db")
    assert found["Metadata"] == {"sha256": sha256(b"all rows").hexdigest()}
    assert bucket.uploads() == []


def test_an_empty_object_can_be_stored(storage: BackupStorage) -> None:
    store(storage, b"")
    assert storage.objects() == [StoredObject(f"{STEM}.db", 0)]


def test_a_larger_part_follows_the_small_ones(
    storage: BackupStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_writing, "SMALL_PARTS", 1)
    content = os.urandom(2 * PART + 7)
    store(storage, content)
    assert read(storage, f"{STEM}.db") == content


def test_more_than_s3_can_take_is_refused_and_leaves_nothing(
    storage: BackupStorage, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_writing, "MOST_PARTS", 1)
    with pytest.raises(StorageError) as caught:
        store(storage, MANY)
    assert str(caught.value) == (
        f"{STEM}.db was not written.\n"
        "  why: it is larger than 5242880 bytes, and S3 takes 1 parts\n"
        "  fix: keep backups of this database in a folder (unset AWS_S3_BUCKET)"
    )
    assert (bucket.keys(), bucket.uploads()) == ([], [])


def interrupt_after(_done: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("content", [b"half", MANY])
def test_a_write_that_fails_leaves_neither_object_nor_upload(
    storage: BackupStorage, bucket: TestBucket, content: bytes
) -> None:
    with pytest.raises(KeyboardInterrupt), storage.create(STEM, ".db") as target:
        interrupt_after(target.write(content))
    assert (bucket.keys(), bucket.uploads()) == ([], [])


def test_a_name_is_given_once_whatever_the_suffix(storage: BackupStorage) -> None:
    require_names_given_once(storage, STEM)
    with storage.create(f"{STEM}_02", ".db"):
        pass
    assert len(storage.objects()) == 2


@pytest.mark.parametrize("content", [b"ours", MANY])
def test_what_came_first_is_not_overwritten_at_the_end(
    storage: BackupStorage, bucket: TestBucket, content: bytes
) -> None:
    def be_overtaken() -> None:
        with storage.create(STEM, ".db") as target:
            target.write(content)
            bucket.replace(f"{DAY}/{STEM}.db", b"theirs")

    with pytest.raises(NameTakenError, match="a backup of this name is there already"):
        be_overtaken()
    assert bucket.content(f"{DAY}/{STEM}.db") == b"theirs"
    assert bucket.uploads() == []


def test_a_small_object_is_replaced_and_deleted(storage: BackupStorage) -> None:
    storage.put("note.json", b"old")
    storage.put("note.json", b"new")
    assert read(storage, "note.json") == b"new"
    storage.delete("note.json")
    storage.delete("note.json")
    assert storage.objects() == []


def test_more_than_one_page_of_objects_is_listed(
    storage: BackupStorage, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"journal_{number}.json" for number in range(7)]
    for name in names:
        bucket.replace(f"backups/{name}", b"")
    monkeypatch.setattr(s3_writing, "PAGE", 3)
    assert [each.name for each in storage.objects()] == names


def test_a_connection_that_breaks_while_reading_is_taken_up_again(
    storage: BackupStorage, bucket: TestBucket, settings: Settings
) -> None:
    content = os.urandom(2_000_000)
    store(storage, content)
    with wire_to(bucket.server.url) as wire:
        wire.limits = [900_000, 900_000]
        behind = go_to(settings, bucket, endpoint_url=wire.url)
        assert read(behind, f"{STEM}.db") == content
        assert wire.limits == []


def test_what_is_put_in_its_place_meanwhile_is_not_read_on(
    storage: BackupStorage, bucket: TestBucket, settings: Settings
) -> None:
    store(storage, os.urandom(2_000_000))
    with wire_to(bucket.server.url) as wire:
        wire.limits = [900_000]
        behind = go_to(settings, bucket, endpoint_url=wire.url)
        with behind.open(f"{STEM}.db") as file:
            file.read(100_000)
            bucket.replace(f"{DAY}/{STEM}.db", os.urandom(2_000_000))
            with pytest.raises(StorageError, match="was not read") as caught:
                file.read()
    assert "another object was put in its place" in caught.value.why


def test_without_the_right_to_delete_backups_are_made_and_the_rest_is_told(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    forbid(bucket, "s3:DeleteObject")
    store(storage, MANY)
    with pytest.raises(StorageError) as caught:
        storage.delete(f"{STEM}.db")
    assert str(caught.value) == (
        f"{STEM}.db was not deleted.\n"
        f"  why: s3://{bucket.name}/backups: this key may not do that (AccessDenied)\n"
        "  fix: give it the rights of docs/operator.md on this bucket"
    )
    assert storage.objects() == [StoredObject(f"{STEM}.db", len(MANY))]


def forbid(bucket: TestBucket, action: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": [action],
        "Resource": [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    bucket.client.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(policy))


def test_uploads_that_killed_runs_have_left_are_ended_after_their_time(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    for key in (f"{DAY}/{STEM}.db", "backups/of/somebody/else"):
        bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    now = datetime.now(UTC)
    assert storage.clear_unfinished(now - timedelta(days=1)) == 0
    assert len(bucket.uploads()) == 2
    assert storage.clear_unfinished(now + timedelta(seconds=2)) == 1
    assert bucket.uploads() == ["backups/of/somebody/else"]
