"""Files that the guide's own script has made, and others without a manifest."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dbops.errors import (
    BackupDamagedError,
    BackupLockedError,
    DbopsError,
    ProgramFailedError,
    RestoreRefusedError,
)
from dbops.recovery.foreign import Adopted, restore_foreign
from stateset.lib import journal
from tests.dbops.backups.test_encryption import make_identity
from tests.dbops.shop import ALIAS, TABLES, Shop
from tests.dbops.tools import require_tool

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def dumped(shop: Shop, *options: str) -> bytes:
    """Return what the guide's script dumps, before it is packed."""
    if shop.engine == "sqlite":
        shop.run("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(shop.name).read_bytes()
    settings = shop.settings
    return subprocess.run(
        [
            *("pg_dump", "-h", settings["HOST"], "-p", str(settings["PORT"])),
            *("-U", settings["USER"], *options, shop.name),
        ],
        env={"PGPASSWORD": settings["PASSWORD"], "PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
    ).stdout


def put(shop: Shop, name: str, content: bytes) -> Path:
    file = shop.backup_folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def adopt(shop: Shop, file: Path) -> Adopted:
    return restore_foreign(str(file), into=shop.new_name(), alias=ALIAS)


@pytest.mark.parametrize("packing", PACKERS)
def test_a_file_of_the_guides_script_comes_in_whatever_its_name(
    shop: Shop, packing: str, entries: list[journal.Entry]
) -> None:
    content = PACKERS[packing](dumped(shop, "--format=custom"))
    adopted = adopt(shop, put(shop, "stateset_20241103_020000", content))
    assert adopted.contents.tables == TABLES
    assert adopted.rows == 304
    assert shop.count("orders", shop.new_name()) == 300
    assert [(each.action, each.resource_id) for each in entries] == [
        ("backup.restore", "stateset_20241103_020000")
    ]


@pytest.fixture
def encrypt(tmp_path: Path, settings: Settings) -> Callable[..., bytes]:
    """Encrypt for the identity that is configured, as another program would."""
    age = require_tool("age")
    settings.BACKUP_AGE_IDENTITY_FILE, recipient = make_identity(tmp_path, "ours.txt")

    def encrypted(content: bytes, *options: str) -> bytes:
        command = [age, "--encrypt", "--recipient", recipient, *options]
        done = subprocess.run(command, input=content, check=True, capture_output=True)
        return done.stdout

    return encrypted


@pytest.mark.parametrize("packing", PACKERS)
def test_an_encrypted_one_is_opened_as_our_own_are(
    shop: Shop, encrypt: Callable[..., bytes], packing: str
) -> None:
    # One of them as a text, as it comes by mail.
    options = () if packing else ("--armor",)
    content = encrypt(PACKERS[packing](dumped(shop, "--format=custom")), *options)
    adopted = adopt(shop, put(shop, f"old.dump{packing}.age", content))
    assert adopted.contents.tables == TABLES


def test_an_encrypted_one_that_cannot_be_opened_is_told(
    shop: Shop, encrypt: Callable[..., bytes], settings: Settings, tmp_path: Path
) -> None:
    content = encrypt(gzip.compress(dumped(shop, "--format=custom")))
    file, cut = put(shop, "a.age", content), put(shop, "cut.age", content[:-200])
    ours, (wrong, _) = settings.BACKUP_AGE_IDENTITY_FILE, make_identity(tmp_path, "b")
    before = shop.databases()
    for given, identity, why in (
        (file, None, "APP__BACKUP_AGE_IDENTITY_FILE is not set"),
        (file, wrong, "no identity matched any of the recipients"),
        (cut, ours, "failed to decrypt"),
    ):
        settings.BACKUP_AGE_IDENTITY_FILE = identity
        with pytest.raises(BackupLockedError, match=why) as caught:
            adopt(shop, given)
        assert caught.value.fix == (
            "set APP__BACKUP_AGE_IDENTITY_FILE to a file with the identity it was"
            " encrypted for, or use another file"
        )
    assert shop.databases() == before


@pytest.mark.postgresql
@pytest.mark.parametrize("packing", ["", ".gz"])
def test_sql_text_comes_in_through_psql(shop: Shop, packing: str) -> None:
    content = PACKERS[packing](dumped(shop))
    assert adopt(shop, put(shop, "old.sql", content)).contents.tables == TABLES


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("spoil", "error", "why"),
    [
        (lambda text: text[:-200], BackupDamagedError, "its end is missing"),
        (
            lambda text: b"\\connect postgres\n" + text,
            RestoreRefusedError,
            r"its line 1 has \\connect, which would leave the new database",
        ),
        (
            lambda text: text.replace(b"1\tn1\t", b"1\tn1\tx", 1),
            ProgramFailedError,
            "invalid input syntax for type integer",
        ),
        (lambda _text: b"SELECT 1;\n", BackupDamagedError, "there is no table in it"),
        (lambda _text: b" \n", RestoreRefusedError, "it is empty"),
        (
            lambda _text: b"SQLite format 3\0...",
            RestoreRefusedError,
            "it is an SQLite database; PostgreSQL takes archives",
        ),
    ],
)
def test_text_that_is_not_whole_leaves_nothing(
    shop: Shop,
    spoil: Callable[[bytes], bytes],
    error: type[DbopsError],
    why: str,
) -> None:
    before = shop.databases()
    with pytest.raises(error, match=why):
        adopt(shop, put(shop, "old.sql", spoil(dumped(shop))))
    assert shop.databases() == before


@pytest.mark.parametrize("packing", PACKERS)
def test_a_file_cut_short_leaves_nothing(shop: Shop, packing: str) -> None:
    content = PACKERS[packing](dumped(shop, "--format=custom"))
    before = shop.databases()
    with pytest.raises(DbopsError):
        adopt(shop, put(shop, "old", content[: len(content) * 2 // 3]))
    assert shop.databases() == before


@pytest.mark.sqlite
def test_an_archive_of_the_other_engine_is_refused(shop: Shop) -> None:
    with pytest.raises(RestoreRefusedError) as caught:
        adopt(shop, put(shop, "old.db", b"PGDMP..."))
    assert str(caught.value) == (
        "The file was not restored.\n"
        "  why: it is an archive of pg_dump; an SQLite database takes database files\n"
        "  fix: give another file, or the --database that it is for"
    )


@pytest.mark.sqlite
def test_a_file_with_its_newest_rows_beside_it_is_refused(shop: Shop) -> None:
    file = put(shop, "old.db", dumped(shop))
    put(shop, "old.db-wal", b"rows")
    with pytest.raises(
        RestoreRefusedError, match=r"old\.db-wal lies beside it"
    ) as caught:
        adopt(shop, file)
    assert caught.value.fix == (
        "make one file of them: sqlite3 old.db \".backup 'whole.db'\", then give that"
        " one"
    )


def test_it_never_replaces_the_live_database(shop: Shop) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("restore", foreign="old.dump.gz", confirm="shop")
    assert str(caught.value) == (
        "Nothing was restored.\n"
        "  why: a file without a manifest never replaces the live database\n"
        "  fix: restore it --into a new one, look at its rows, back that one up"
        " (APP__DATABASE_URL=…), and restore the backup over the live one"
    )


def test_a_file_that_is_not_there_is_told(shop: Shop) -> None:
    with pytest.raises(RestoreRefusedError) as caught:
        adopt(shop, Path("no-such.dump"))
    assert caught.value.why.startswith("there is no file /")
