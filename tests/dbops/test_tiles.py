from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from dbops.backups.catalogue import Verdict, write_verdict
from dbops.backups.storage import backup_storage
from dbops.recovery.drill_reports import write_report
from dbops.tiles import tiles
from stateset.accounts.models import User
from stateset.lib.tiles import Level, Tile
from tests.dbops.builders import make_report, store_backup
from tests.dbops.damage import cut_off

FIRST, SECOND = "stateset_20261121_020000", "stateset_20261122_020000"


def make_tile(value: str, note: str, level: Level) -> Tile:
    url = "/admin/database/backups/"
    return Tile("Last backup", value, note=note, level=level, order=290, url=url)


def shown() -> Tile:
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True)
    return next(tiles(request))


def test_who_may_not_see_the_database_sees_no_tile() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert list(tiles(request)) == []


def test_no_backup_is_urgent(backup_folder: Path) -> None:
    assert shown() == make_tile("none", "", "critical")
    store_backup(backup_storage(), FIRST, alias="other")
    assert shown() == make_tile("none", "", "critical")


@pytest.mark.parametrize(
    ("age", "value", "level"),
    [
        (timedelta(minutes=5), "5m ago", "ok"),
        (timedelta(hours=25), "25h ago", "ok"),
        (timedelta(hours=27), "27h ago", "warning"),
        (timedelta(days=3), "3d ago", "critical"),
    ],
)
def test_the_newest_backup_is_shown_with_its_age(
    backup_folder: Path, age: timedelta, value: str, level: Level
) -> None:
    store_backup(backup_storage(), SECOND, started_at=timezone.now() - age)
    store_backup(backup_storage(), FIRST, started_at=timezone.now())
    assert shown() == make_tile(value, "12 B, not verified", level)


def test_a_verified_backup_says_how_deeply(backup_folder: Path) -> None:
    now = timezone.now()
    manifest = store_backup(backup_storage(), FIRST, started_at=now)
    verdict = Verdict("decode", is_good=True, verified_at=now, stored_sha256="")
    write_verdict(backup_storage(), FIRST, verdict)
    assert shown().note == "12 B, not verified"
    verdict = Verdict(
        "decode",
        is_good=True,
        verified_at=now,
        stored_sha256=manifest.stored.sha256,
    )
    write_verdict(backup_storage(), FIRST, verdict)
    assert shown().note == "12 B, verified (decode)"


def test_a_damaged_newest_backup_is_urgent(backup_folder: Path) -> None:
    store_backup(backup_storage(), FIRST)
    store_backup(backup_storage(), SECOND)
    cut_off(backup_folder / f"{SECOND}.dump")
    why = f"{SECOND}.dump is 7 bytes long, not 12 bytes"
    assert shown() == make_tile("damaged", why, "critical")


def test_the_last_proven_restore_is_shown_with_what_it_took(
    backup_folder: Path,
) -> None:
    def drill_tile() -> tuple[object, str, Level]:
        request = RequestFactory().get("/")
        request.user = User(is_superuser=True)
        tile = next(each for each in tiles(request) if "proven" in each.title)
        return tile.value, tile.note, tile.level

    storage, now = backup_storage(), timezone.now()
    nobody_knows = "nobody knows how long recovery takes"
    assert drill_tile() == ("never", nobody_knows, "warning")
    write_report(storage, make_report(began_at=now - timedelta(hours=3)))
    assert drill_tile() == ("3h ago", "recovery takes 72s of 1h allowed", "ok")
    failed = make_report(id="drill_20261123_030000_00000000", state="failed", why="…")
    write_report(storage, failed)
    assert drill_tile() == ("3h ago", "the last drill failed", "critical")


def test_a_place_that_cannot_be_read_is_unknown(backup_folder: Path) -> None:
    backup_folder.touch()
    assert shown() == make_tile("unknown", "The backups were not listed.", "unknown")
