"""What people do, with the backups in a bucket."""

from __future__ import annotations

import re
import secrets
import signal
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from dbops.backups.catalogue import list_entries
from dbops.backups.create import create_backup, make_backup
from dbops.backups.making_up import make_up
from dbops.backups.prune import plan_pruning, prune_backups
from dbops.backups.restore import restore_backup
from dbops.backups.storage import backup_storage, s3_writing
from dbops.backups.verify import verify_backup
from dbops.errors import BackupDamagedError, StorageError
from dbops.process import CHUNK_BYTES
from tests.dbops.builders import MOMENT
from tests.dbops.s3.conftest import TestBucket, go_to
from tests.dbops.s3.servers import Wire, wire_to
from tests.dbops.s3.test_bucket import forbid
from tests.dbops.shop import ALIAS, TABLES, Shop
from tests.dbops.test_interruption import started, wait_until_writing

ROW = "INSERT INTO files VALUES (randomblob(1048576))"
PARTS = 12
"""More chunks than one part holds, so that one is under way."""


@pytest.fixture
def wire(bucket: TestBucket, settings: Settings) -> Iterator[Wire]:
    """Have backups go to the bucket through a wire that can be cut."""
    with wire_to(bucket.server.url) as wire:
        go_to(settings, bucket, endpoint_url=wire.url)
        yield wire


def fill(shop: Shop) -> None:
    """Give the shop more data than fits into one part, which no packer makes small."""
    shop.run("CREATE TABLE files (content BLOB)")
    for _ in range(PARTS):
        shop.run(ROW)


def end_in_mid_upload(end: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0

    def end_after_some(self: s3_writing.Upload, chunk: bytes) -> int:
        nonlocal written
        written += len(chunk)
        if written > (PARTS - 2) * CHUNK_BYTES:
            end()
        return write(self, chunk)

    write = s3_writing.Upload.write
    monkeypatch.setattr(s3_writing.Upload, "write", end_after_some)


def test_a_backup_goes_there_and_comes_back(shop: Shop, bucket: TestBucket) -> None:
    manifest = create_backup(alias=ALIAS, started_at=MOMENT)
    day = "backups/2026/11/23"
    assert bucket.keys() == [
        f"{day}/{manifest.file_name}",
        f"{day}/{manifest.id}.manifest.json",
        f"{day}/{manifest.id}.verified.json",
    ]
    (entry,) = list_entries(backup_storage())
    assert (entry.state, entry.manifest) == ("complete", manifest)
    assert entry.verdict is not None
    restored = restore_backup(alias=ALIAS, into=shop.new_name())
    assert restored.manifest.contents.tables == TABLES
    assert shop.count("orders", shop.new_name()) == 300
    assert not shop.backup_folder.exists()


def test_a_flipped_bit_and_a_lost_end_are_found(shop: Shop, bucket: TestBucket) -> None:
    manifest = create_backup(alias=ALIAS, verify="none", started_at=MOMENT)
    key = f"backups/2026/11/23/{manifest.file_name}"
    content = bytearray(bucket.content(key))
    content[len(content) // 2] ^= 0b100
    bucket.replace(key, bytes(content))
    with pytest.raises(BackupDamagedError, match="is damaged"):
        verify_backup(alias=ALIAS, level="hash")
    bucket.replace(key, bytes(content[:100]))
    with pytest.raises(BackupDamagedError) as caught:
        verify_backup(alias=ALIAS, level="manifest")
    assert caught.value.why.startswith(f"{manifest.file_name} is 100 bytes long, not ")


def test_old_ones_are_pruned(shop: Shop, bucket: TestBucket) -> None:
    for day in range(1, 5):
        moment = MOMENT.replace(year=2025, day=day)
        create_backup(alias=ALIAS, verify="none", started_at=moment)
    create_backup(alias=ALIAS, verify="none")
    pruned = prune_backups(ALIAS)
    assert [each.entry.id[-15:-7] for each in pruned.deleted] == [
        "20251102",
        "20251101",
    ]
    assert len(bucket.keys()) == 6
    assert len(plan_pruning(ALIAS)) == 3


def test_pruning_without_the_right_to_delete_is_told(
    shop: Shop, bucket: TestBucket
) -> None:
    for day in range(1, 4):
        moment = MOMENT.replace(year=2025, day=day)
        create_backup(alias=ALIAS, verify="none", started_at=moment)
    create_backup(alias=ALIAS, verify="none")
    forbid(bucket, "s3:DeleteObject")
    pruned = prune_backups(ALIAS)
    assert pruned.deleted == []
    (why,) = pruned.refused.values()
    assert "this key may not do that (AccessDenied)" in why
    assert len(bucket.keys()) == 8


def test_a_service_that_goes_away_in_mid_upload_leaves_no_backup(
    shop: Shop, bucket: TestBucket, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop)
    end_in_mid_upload(wire.cut, monkeypatch)
    with pytest.raises(StorageError) as caught:
        create_backup(alias=ALIAS, packing="none")
    assert re.fullmatch(r"stateset_\w+\.db was not written\.", caught.value.what)
    assert "the service does not answer" in caught.value.why
    assert bucket.keys() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_backup_leaves_neither_object_nor_upload(
    shop: Shop, bucket: TestBucket, number: signal.Signals
) -> None:
    with started(shop, **bucket.variables()) as process:
        wait_until_writing(process)
        assert len(bucket.uploads()) == 1
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "CommandError: The backup was stopped." in stderr
    assert (bucket.keys(), bucket.uploads()) == ([], [])


def test_a_bucket_that_is_not_there_is_told_before_anything_is_dumped(
    shop: Shop, bucket: TestBucket, settings: Settings
) -> None:
    go_to(settings, bucket, bucket_name=f"not-there-{secrets.token_hex(4)}")
    with pytest.raises(StorageError) as caught:
        create_backup(alias=ALIAS)
    assert "there is no such bucket (NoSuchBucket)" in caught.value.why


def test_a_bucket_that_goes_away_gets_the_folders_copy_later(
    shop: Shop,
    bucket: TestBucket,
    wire: Wire,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(shop)
    folder = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": shop.backup_folder},
    }
    settings.STORAGES = {**settings.STORAGES, "backups-local": folder}
    settings.BACKUP_LOCATIONS = {"s3": "backups", "local": "backups-local"}
    with monkeypatch.context() as cutting:
        end_in_mid_upload(wire.cut, cutting)
        made = make_backup(alias=ALIAS, packing="none")
    assert made.locations == ["local"]
    assert "the service does not answer" in made.missed["s3"]
    assert (bucket.keys(), len(shop.files())) == ([], 3)
    go_to(settings, bucket)
    made_up = make_up(ALIAS)
    assert [lack.copy for lack in made_up.copied] == [("s3", made.manifest.id)]
    for key in bucket.keys()[:2]:
        name = key.rpartition("/")[2]
        assert bucket.content(key) == (shop.backup_folder / name).read_bytes()
    (shop.backup_folder / made.manifest.name).unlink()
    (shop.backup_folder / made.manifest.file_name).unlink()
    (shop.backup_folder / f"{made.manifest.id}.verified.json").unlink()
    assert [lack.copy for lack in make_up(ALIAS).copied] == [
        ("local", made.manifest.id)
    ]
    assert verify_backup(alias=ALIAS, level="hash")[0] == made.manifest
