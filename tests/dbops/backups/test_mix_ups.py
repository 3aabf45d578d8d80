"""Whatever another database, another file or a clock does, this backup is this one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import zstandard
from django.db import connections

from dbops.backups.catalogue import list_entries_of
from dbops.backups.compression import parse_compression
from dbops.backups.create import create_backup
from dbops.backups.manifest import write_manifest
from dbops.backups.restore import restore_backup
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.errors import BackupDamagedError
from tests.dbops.builders import measure
from tests.dbops.limits import files_no_larger_than
from tests.dbops.shop import ALIAS, TABLES, Shop

MEGABYTE = 1024 * 1024


@pytest.fixture
def _no_default(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the project's own database not be there."""
    settings = connections["default"].settings_dict
    connections["default"].close()
    monkeypatch.setitem(settings, "NAME", str(shop.folder / "nowhere" / "it-is.db"))
    monkeypatch.setitem(settings, "PORT", "1")


@pytest.mark.usefixtures("_no_default")
def test_what_names_one_database_never_opens_another(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS)
    assert manifest.contents.tables == TABLES
    verify_backup(alias=ALIAS, level="hash")
    restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.count("orders", shop.new_name()) == 300
    assert get_engine(ALIAS).contents().tables == TABLES
    assert len(list(list_entries_of(backup_storage(), ALIAS))) == 1
    assert list(list_entries_of(backup_storage(), "default")) == []


def test_a_dump_that_unpacks_without_end_fills_no_disk(shop: Shop) -> None:
    """Made to go through every check but the last; a key that signs would not."""
    manifest = create_backup(alias=ALIAS, verify="none")
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * MEGABYTE))
    (shop.backup_folder / manifest.file_name).write_bytes(bomb)
    forged = replace(
        manifest, stored=measure(bomb), compression=parse_compression("zstd:3")
    )
    backup_storage().put(forged.name, write_manifest(forged))
    before = shop.databases()
    with pytest.raises(BackupDamagedError) as caught, files_no_larger_than(MEGABYTE):
        restore_backup(alias=ALIAS, into=shop.new_name())
    assert caught.value.why.endswith(f" bytes, not {manifest.plain.size_bytes}")
    assert shop.databases() == before


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this machine keep the time of a place where clocks are put back."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_an_hour_that_comes_twice_and_a_clock_put_back_lose_no_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # Half past two, half past two again, and then somebody puts the clock back.
    moments = [night, night.replace(hour=1), night.replace(day=24, hour=23), night]
    assert len({f"{each.astimezone():%H:%M}" for each in moments[:2]}) == 1
    ids = []
    for moment in moments:
        monkeypatch.setattr("django.utils.timezone.now", lambda now=moment: now)
        ids.append(create_backup(alias=ALIAS, verify="none").id)
    assert ids == [
        "stateset_20261025_003000",
        "stateset_20261025_013000",
        "stateset_20261024_233000",
        "stateset_20261025_003000_02",
    ]
    listed = [entry.id for entry in list_entries_of(backup_storage(), ALIAS)]
    assert listed == [ids[1], ids[3], ids[0], ids[2]]
