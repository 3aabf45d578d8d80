"""What the kit holds, and what it says is missing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from dbops.backups.kit import recovery_kit
from stateset.lib import journal
from tests.dbops.shop import ALIAS, Shop

SECRET = "it's $HOME `ls`"


@pytest.fixture
def identity(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "identity.txt"
    path.write_text("# ours\nAGE-SECRET-KEY-1XYZ\n")
    settings.BACKUP_AGE_RECIPIENTS = ["age1us"]
    settings.BACKUP_AGE_IDENTITY_FILE = path
    settings.RECOVERY_KIT_SECRETS = {
        "APP__ENVIRONMENT": "test",
        "APP__BACKUP_SIGNING_KEYS": SECRET,
    }
    return path


def sourced(text: str, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Return what a shell that has read the kit knows."""
    (folder / "recovery-kit.sh").write_text(text)
    return subprocess.run(
        ["sh", "-c", f'set -a; . ./recovery-kit.sh; printf %s "${name}"'],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "APP__DATABASE_URL": "postgres://new"},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_shell_that_reads_it_has_all(
    shop: Shop, identity: Path, tmp_path: Path, entries: list[journal.Entry]
) -> None:
    kit = recovery_kit(alias=ALIAS)
    assert kit.missing == []
    folder = tmp_path / "new"
    folder.mkdir()
    assert sourced(kit.text, folder, "APP__BACKUP_SIGNING_KEYS").stdout == SECRET
    found = Path(sourced(kit.text, folder, "APP__BACKUP_AGE_IDENTITY_FILE").stdout)
    assert found.read_text() == identity.read_text()
    assert found.stat().st_mode & 0o777 == 0o600
    assert [entry.action for entry in entries] == ["backup.recovery_kit"]
    assert SECRET not in str(entries)


def test_what_is_missing_is_told(
    shop: Shop,
    identity: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.BACKUP_AGE_IDENTITY_FILE = None
    with pytest.raises(SystemExit) as caught:
        call_command("recovery_kit", f"--database={ALIAS}")
    assert caught.value.code == 1
    out, err = capsys.readouterr()
    told = "APP__BACKUP_AGE_IDENTITY_FILE: not set here; that of age1us is needed"
    assert f"# MISSING {told}\n" in out
    assert err == f"The kit lacks {told}\n"
    with pytest.raises(SystemExit):
        call_command("recovery_kit", f"--database={ALIAS}", "--json")
    assert json.loads(capsys.readouterr().out)["missing"] == [told]
