from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from django.db.backends.base import base
from django.db.utils import NotSupportedError

from dbops.engines.sqlite.backend.base import DatabaseFeatures, DatabaseWrapper
from dbops.engines.sqlite.configuration import database_from_url, tune
from dbops.engines.tuning import Tuning

TUNING = Tuning(application_name="test", connect_timeout=5)


def make_wrapper(path: Path, *, mode: str = "rwc") -> DatabaseWrapper:
    """Return a closed connection to the file, set up as settings do it."""
    database = database_from_url(f"//{path}?mode={mode}", root=Path("/"))
    tune(database, TUNING)
    return DatabaseWrapper(connections.settings["default"] | database, "default")


def value(wrapper: DatabaseWrapper, sql: str) -> object:
    with wrapper.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_missing_file_is_an_error_and_is_not_created(tmp_path):
    path = tmp_path / "stateset.db"
    with (
        closing(make_wrapper(path)) as wrapper,
        pytest.raises(OperationalError) as caught,
    ):
        wrapper.ensure_connection()
    assert str(caught.value) == (
        f"database file {path} is not there; `manage.py migrate` creates it"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_preparing_creates_the_file_once_and_keeps_what_is_in_it(tmp_path):
    path = tmp_path / "stateset.db"
    with closing(make_wrapper(path)) as wrapper:
        wrapper.prepare_database()
        with wrapper.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (id integer)")
        wrapper.prepare_database()
        assert value(wrapper, "SELECT count(*) FROM kept") == 0


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_only_mode_rwc_lets_the_file_be_created(tmp_path, mode):
    path = tmp_path / "stateset.db"
    with pytest.raises(OperationalError) as caught:
        make_wrapper(path, mode=mode).prepare_database()
    assert str(caught.value) == (
        f"database file {path} is not there; only mode=rwc lets it be created"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    path = tmp_path / "data" / "stateset.db"
    with pytest.raises(OperationalError) as caught:
        make_wrapper(path).prepare_database()
    assert str(caught.value) == (
        f"database file {path} is not there, nor is its folder"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_connection_works_as_real_use_needs_it(tmp_path):
    with closing(make_wrapper(tmp_path / "my shop#1.db")) as wrapper:
        wrapper.prepare_database()
        assert value(wrapper, "PRAGMA journal_mode") == "wal"
        assert value(wrapper, "PRAGMA synchronous") == 1
        assert value(wrapper, "PRAGMA foreign_keys") == 1
        assert value(wrapper, "PRAGMA recursive_triggers") == 1
        assert value(wrapper, "PRAGMA busy_timeout") == 20000
        assert wrapper.transaction_mode == "IMMEDIATE"


@pytest.mark.django_db
def test_mode_ro_reads_and_does_not_write(tmp_path):
    path = tmp_path / "stateset.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE kept (id integer)")
    with closing(make_wrapper(path, mode="ro")) as wrapper:
        assert value(wrapper, "SELECT count(*) FROM kept") == 0
        with (
            pytest.raises(OperationalError, match="readonly database"),
            wrapper.cursor() as cursor,
        ):
            cursor.execute("INSERT INTO kept VALUES (1)")


@pytest.mark.django_db
def test_a_library_that_is_too_old_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())
    monkeypatch.setattr(DatabaseFeatures, "minimum_database_version", (99, 1))
    with closing(make_wrapper(tmp_path / "stateset.db")) as wrapper:
        wrapper.prepare_database()
        with pytest.raises(NotSupportedError) as caught:
            wrapper.ensure_connection()
    assert str(caught.value).startswith("SQLite 99.1 or later is required (found ")


@pytest.mark.django_db
def test_a_connection_to_a_file_that_was_replaced_is_not_used_again(tmp_path):
    path = tmp_path / "stateset.db"
    with closing(make_wrapper(path)) as wrapper:
        wrapper.prepare_database()
        wrapper.ensure_connection()
        assert wrapper.is_usable()
        path.rename(tmp_path / "moved.db")
        assert not wrapper.is_usable()
        shutil.copyfile(tmp_path / "moved.db", path)
        assert not wrapper.is_usable()
        wrapper.close()
        wrapper.ensure_connection()
        assert wrapper.is_usable()
