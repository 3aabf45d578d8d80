"""A small shop of our own on the engine of the run, and a folder for its backups."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from dbops.engines.verbs import care
from stateset.lib import journal
from tests.dbops.shop import MAKERS, Shop


@pytest.fixture
def backup_folder(tmp_path: Path, settings: Settings) -> Path:
    """Have backups go to a folder that does not exist yet."""
    folder = tmp_path / "backups"
    storages: dict[str, Any] = copy.deepcopy(settings.STORAGES)
    storages["backups"]["OPTIONS"]["location"] = folder
    settings.STORAGES = storages
    return folder


@pytest.fixture
def vault(backup_folder: Path, tmp_path: Path, settings: Settings) -> Path:
    """Have backups go to a second folder too, the vault."""
    folder = tmp_path / "vault"
    place: dict[str, Any] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    settings.STORAGES = {**settings.STORAGES, "backups-vault": place}
    settings.BACKUP_LOCATIONS = {"local": "backups", "vault": "backups-vault"}
    return folder


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[journal.Entry]:
    """Collect what operations record, in place of the audit table."""
    recorded: list[journal.Entry] = []
    sink = [lambda entry, _context: recorded.append(entry)]
    monkeypatch.setattr(journal, "_sinks", sink)
    return recorded


@pytest.fixture
def shop(
    tmp_path: Path,
    backup_folder: Path,
    entries: list[journal.Entry],
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Shop]:
    """Make a database with three tables and two migrations, under its own alias."""
    with (
        django_db_blocker.unblock(),
        MAKERS[connections["default"].vendor](tmp_path, backup_folder) as made,
    ):
        yield made


@pytest.fixture
def fakes(tmp_path: Path, settings: Settings) -> Path:
    """Have programs of this folder come first."""
    folder = tmp_path / "fakes"
    settings.PG_BIN = [str(folder)]
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have locks waited for a moment only, not for seconds."""
    monkeypatch.setattr(care, "LOCK_WAIT_SECONDS", 0.2)
