"""Who wrote a manifest, and what is done with one that may be anybody's."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from pytest_django import Settings

from dbops.backups.catalogue import COMPLETE, list_entries
from dbops.backups.create import create_backup
from dbops.backups.manifest import DIGEST, _digest, read_manifest, write_manifest
from dbops.backups.restore import restore_backup
from dbops.backups.signing import describe_signature
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_all, verify_backup
from dbops.errors import BackupUntrustedError, RestoreRefusedError
from tests.dbops.builders import make_manifest
from tests.dbops.shop import ALIAS, Shop

OLD, NEW = {"2026a": "o" * 32}, {"2027a": "n" * 32}
NAME = make_manifest().name


def forged(content: bytes, **changes: object) -> bytes:
    """Change a manifest as somebody who knows how it is made, but has no key."""
    values = json.loads(content) | changes
    values = {key: value for key, value in values.items() if value is not None}
    values.pop(DIGEST)
    values[DIGEST] = _digest(values)
    return json.dumps(values).encode()


def doubt(content: bytes) -> str:
    return read_manifest(NAME, content).doubt


def test_the_first_key_signs_and_all_are_known(settings: Settings) -> None:
    settings.BACKUP_SIGNING_KEYS = OLD
    old = write_manifest(make_manifest())
    settings.BACKUP_SIGNING_KEYS = NEW | OLD
    new = read_manifest(NAME, write_manifest(make_manifest()))
    assert (new.signed_by, new.doubt) == ("2027a", "")
    assert (read_manifest(NAME, old).signed_by, doubt(old)) == ("2026a", "")
    assert describe_signature(new) == "by the key '2027a'"
    settings.BACKUP_SIGNING_KEYS = NEW
    assert doubt(old) == (
        "it is signed with the key '2026a', which APP__BACKUP_SIGNING_KEYS has not"
    )


def test_a_forged_manifest_is_found(settings: Settings) -> None:
    settings.BACKUP_SIGNING_KEYS = OLD
    content = write_manifest(make_manifest())
    assert doubt(content) == ""
    assert doubt(forged(content, host="db-9")) == (
        "its signature is not by the key '2026a': it was altered or forged"
    )
    assert doubt(forged(content, signature=None)) == "it is not signed"
    assert doubt(forged(content, signature=7)) == "its signature cannot be read"
    settings.BACKUP_SIGNING_KEYS = {"2026a": "x" * 32}
    assert "forged" in doubt(content)


def test_how_it_is_spelt_does_not_matter(settings: Settings) -> None:
    settings.BACKUP_SIGNING_KEYS = OLD
    values = json.loads(write_manifest(make_manifest()))
    assert doubt(json.dumps(dict(reversed(values.items()))).encode()) == ""


def test_without_a_key_nothing_is_doubted(settings: Settings) -> None:
    unsigned = write_manifest(make_manifest())
    assert "signature" not in json.loads(unsigned)
    assert doubt(unsigned) == ""
    settings.BACKUP_SIGNING_KEYS = OLD
    signed = write_manifest(make_manifest())
    settings.BACKUP_SIGNING_KEYS = {}
    assert doubt(signed) == ""
    assert describe_signature(read_manifest(NAME, signed)) == (
        "by the key '2026a', not checked: no key is configured"
    )


def test_what_is_not_trusted_is_named_and_not_restored(
    shop: Shop, settings: Settings
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    settings.BACKUP_SIGNING_KEYS = OLD
    (entry,) = list_entries(backup_storage())
    assert (entry.state, entry.why) == (COMPLETE, "it is not signed")
    stdout = io.StringIO()
    call_command("list_backups", f"--database={ALIAS}", stdout=stdout)
    lines = stdout.getvalue().splitlines()
    assert lines[2] == "    it is not signed"
    assert lines[-1].endswith("; 1 not trusted")
    with pytest.raises(BackupUntrustedError):
        verify_backup(alias=ALIAS, backup_id=manifest.id)
    assert verify_all(alias=ALIAS) == {manifest.id: "it is not signed"}
    (entry,) = list_entries(backup_storage())
    assert entry.verdict is not None
    assert entry.verdict.is_good
    with pytest.raises(RestoreRefusedError, match="it is not signed"):
        restore_backup(alias=ALIAS, into=shop.new_name())
    assert len(shop.databases()) == 1
    restore_backup(alias=ALIAS, into=shop.new_name(), allow_unsigned=True)
    assert shop.count("orders", shop.new_name()) == 300


def test_a_signed_backup_is_made_verified_and_restored(
    shop: Shop, settings: Settings
) -> None:
    settings.BACKUP_SIGNING_KEYS = OLD
    create_backup(alias=ALIAS)
    restored = restore_backup(alias=ALIAS, into=shop.new_name())
    assert restored.manifest.signed_by == "2026a"
