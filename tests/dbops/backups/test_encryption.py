"""Backups that only their recipients can read."""

from __future__ import annotations

import io
import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from pytest_django import Settings

from dbops import conf
from dbops.backups.catalogue import COMPLETE, list_entries
from dbops.backups.create import create_backup, make_backup
from dbops.backups.encryption import decrypting, encrypting
from dbops.backups.manifest import read_manifest
from dbops.backups.measuring import Writable
from dbops.backups.restore import restore_backup
from dbops.backups.storage import FolderStorage, backup_storage
from dbops.backups.verify import verify_backup
from dbops.errors import (
    BackupDamagedError,
    BackupLockedError,
    ProgramFailedError,
    ProgramNotFoundError,
    StorageError,
)
from stateset.lib.errors import UsageError
from tests.dbops.damage import flip_bit
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.tools import require_tool

LARGE = bytes(range(256)) * 40_000
"""More than all pipes on the way hold."""


@pytest.fixture(autouse=True)
def _age() -> None:
    require_tool("age")


def make_identity(folder: Path, name: str) -> tuple[Path, str]:
    """Return a file with a new identity, and who its recipient is."""
    path = folder / name
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    match = re.search(r"public key: (age1\w+)", path.read_text())
    assert match
    return path, match[1]


@pytest.fixture
def ours(tmp_path: Path, settings: Settings) -> Path:
    """Have backups encrypted for us; return our identity, which is configured."""
    path, recipient = make_identity(tmp_path, "identity.txt")
    settings.BACKUP_AGE_RECIPIENTS = [recipient]
    settings.BACKUP_AGE_IDENTITY_FILE = path
    return path


def seal_into(target: Writable, *recipients: str, times: int = 1) -> None:
    with encrypting(target, recipients) as sealing:
        for _ in range(times):
            sealing.write(LARGE)


def test_it_comes_back_and_is_verified(shop: Shop, ours: Path) -> None:
    made = make_backup(alias=ALIAS, kind="full")
    manifest = made.manifest
    assert made.verified == "decode"
    assert manifest.file_name == f"{manifest.id}{shop.suffix}.zst.age"
    assert all(file.recipients for file in manifest.files)
    content = (shop.backup_folder / manifest.file_name).read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n")
    assert sha256(content).hexdigest() == manifest.stored.sha256
    (entry,) = list_entries(backup_storage())
    assert (entry.state, entry.manifest) == (COMPLETE, manifest)
    restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.count("orders", shop.new_name()) == 300


def test_any_recipient_can_open_it(tmp_path: Path) -> None:
    keys = [make_identity(tmp_path, name) for name in ("a", "b")]
    target = io.BytesIO()
    seal_into(target, *(recipient for _, recipient in keys))
    for path, _ in keys:
        with decrypting(io.BytesIO(target.getvalue()), path) as plain:
            assert b"".join(iter(lambda: plain.read(100_000), b"")) == LARGE


def test_without_the_identity_it_is_made_and_not_opened(
    shop: Shop, ours: Path, settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_AGE_IDENTITY_FILE = None
    made = make_backup(alias=ALIAS)
    assert made.verified == "manifest"
    wrong, _ = make_identity(tmp_path, "wrong.txt")
    before = shop.databases()
    for path, words in (
        (None, "APP__BACKUP_AGE_IDENTITY_FILE is not set"),
        (tmp_path / "gone", "there is no file"),
        (wrong, "no identity matched any of the recipients"),
    ):
        settings.BACKUP_AGE_IDENTITY_FILE = path
        for attempt in (
            lambda: verify_backup(alias=ALIAS, level="hash"),
            lambda: restore_backup(alias=ALIAS, into=shop.new_name()),
        ):
            with pytest.raises(BackupLockedError) as caught:
                attempt()
            assert words in caught.value.why
            assert made.manifest.recipients[0] in caught.value.fix
    assert shop.databases() == before
    (entry,) = list_entries(backup_storage())
    assert entry.state == COMPLETE


def test_damage_is_told_from_a_wrong_identity(shop: Shop, ours: Path) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    flip_bit(shop.backup_folder / manifest.file_name)
    with pytest.raises(BackupDamagedError, match="the stored file has the SHA-256"):
        verify_backup(alias=ALIAS)


def test_it_is_left_readable_only_when_that_is_said(
    shop: Shop, ours: Path, settings: Settings
) -> None:
    manifest = create_backup(alias=ALIAS, encrypt=False, verify="none")
    assert (manifest.recipients, manifest.file_name[-4:]) == ((), ".zst")
    settings.BACKUP_AGE_RECIPIENTS = []
    with pytest.raises(UsageError, match="nobody to encrypt it for"):
        create_backup(alias=ALIAS, encrypt=True)


def test_without_the_program_nothing_is_begun(
    shop: Shop, ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbops.backups.encryption.shutil.which", lambda _name: None)
    with pytest.raises(ProgramNotFoundError, match="apt install age"):
        create_backup(alias=ALIAS)
    assert not shop.backup_folder.exists()


def test_a_target_that_fails_is_told_and_nothing_waits(ours: Path) -> None:
    class Full:
        def write(self, _chunk: object) -> int:
            raise StorageError("It was not written.", why="the disk is full")

    with pytest.raises(StorageError, match="the disk is full"):
        seal_into(Full(), *conf.age_recipients(), times=20)


def test_a_program_that_refuses_is_heard_before_the_end() -> None:
    with pytest.raises(ProgramFailedError, match="malformed recipient"):
        seal_into(io.BytesIO(), "age1nobody", times=1000)


def test_a_failed_dump_leaves_nothing(
    shop: Shop, ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: FolderStorage, name: str, content: bytes) -> None:
        raise StorageError("It was not written.", why="the disk is full")

    monkeypatch.setattr(FolderStorage, "put", fail)
    with pytest.raises(StorageError):
        create_backup(alias=ALIAS)
    assert shop.files() == []


def test_an_older_release_says_that_it_is_too_old(shop: Shop, ours: Path) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    content = (shop.backup_folder / manifest.name).read_bytes()
    assert b'"format": 2,' in content
    assert read_manifest(manifest.name, content) == manifest
