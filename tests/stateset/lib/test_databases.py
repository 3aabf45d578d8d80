from __future__ import annotations

import time
from threading import Event, Thread

import pytest
from django.db import connection, connections
from django.db.backends.base import base
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError

from stateset.lib import databases
from stateset.lib.databases import (
    Answer,
    DatabaseUnreachableError,
    ask_database,
    separate_connection,
    unapplied_migrations,
    unreachable_error,
)


def refuse(monkeypatch, message: str) -> None:
    """Have every new connection fail as one to a stopped server does."""

    def connect(self: BaseDatabaseWrapper) -> None:
        raise OperationalError(message)

    monkeypatch.setattr(BaseDatabaseWrapper, "connect", connect)


@pytest.mark.django_db
def test_a_database_that_answers_has_nothing_unapplied():
    assert ask_database() == Answer(reachable=True)
    assert unreachable_error() is None


@pytest.mark.django_db
def test_a_migration_that_the_database_has_not_seen_is_named():
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")
    assert unapplied_migrations(connection) == ["sessions.0001_initial"]


@pytest.mark.django_db
def test_a_refused_connection_is_told_without_the_password(monkeypatch):
    monkeypatch.setitem(connections["default"].settings_dict, "PASSWORD", "hunter2")
    refuse(monkeypatch, "no entry for ann with hunter2\nand a second line")
    assert ask_database() == Answer(reachable=False, reason="no entry for ann with ***")
    error = unreachable_error()
    assert isinstance(error, DatabaseUnreachableError)
    assert str(error) == (
        "The database 'default' does not answer.\n"
        "  why: no entry for ann with ***\n"
        "  fix: start its server or create it, or correct APP__DATABASE_URL; then "
        "`python manage.py check --database default` tells more"
    )


@pytest.mark.django_db
def test_a_server_that_is_too_old_is_told(monkeypatch):
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())
    monkeypatch.setattr(type(connection.features), "minimum_database_version", (99,))
    error = unreachable_error()
    assert error is not None
    assert error.why.startswith(f"{connection.display_name} 99 or later is required")


@pytest.mark.django_db
def test_a_database_that_hangs_costs_the_limit_and_one_thread(monkeypatch):
    go_on, asked = Event(), []

    def hang(self: BaseDatabaseWrapper) -> None:
        asked.append(self.alias)
        go_on.wait(20)
        raise OperationalError("gone")

    monkeypatch.setattr(BaseDatabaseWrapper, "connect", hang)
    answers: list[Answer] = []
    callers = [
        Thread(target=lambda: answers.append(ask_database(limit_seconds=0.3)))
        for _ in range(5)
    ]
    started = time.monotonic()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    took = time.monotonic() - started
    go_on.set()
    databases._asking["default"].result(timeout=20)
    assert (
        answers == [Answer(reachable=False, reason="no answer within 0.3 seconds")] * 5
    )
    assert asked == ["default"]
    assert took < 2


@pytest.mark.django_db
def test_a_separate_connection_is_outside_pool_and_transaction(monkeypatch):
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "pool", {"max_size": 1})
    separate = separate_connection("default")
    assert "pool" not in separate.settings_dict["OPTIONS"]
    assert "pool" in options
    assert separate.connection is None
    assert not separate.in_atomic_block
