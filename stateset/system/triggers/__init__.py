"""Database triggers: the audit log writes itself, ledgers refuse to change.

``postgresql`` and ``sqlite`` offer the same functions; the connection's vendor
names the module. Installed after every migrate, because Django's table rebuild
on SQLite drops triggers without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Protocol, cast

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.lib.journal import Context
from stateset.lib.models import LogRow, Record

REDACTED_COLUMNS = ("key_hash", "password_hash", "token_hash")
"""Columns whose values never reach the audit log; that they changed does."""

SILENT_COLUMNS = ("updated_at", "version")
"""Columns that change with every write and would say nothing."""


class Triggers(Protocol):
    """What the module of each engine offers."""

    def connect(self, connection: BaseDatabaseWrapper) -> None:
        """Prepare a new connection."""

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Create what is missing; leave what is there."""

    def remove_session(self, connection: BaseDatabaseWrapper) -> None:
        """Take away what belongs to the connection, before tables change."""

    def missing(self, connection: BaseDatabaseWrapper) -> list[str]:
        """Return the triggers that should be there and are not."""

    def altered(self, connection: BaseDatabaseWrapper) -> list[str]:
        """Return the triggers and functions that say something else than ours."""

    def set_context(self, connection: BaseDatabaseWrapper, context: Context) -> None:
        """Tell the triggers who acts, for the running transaction."""

    def open_ledgers(self, connection: BaseDatabaseWrapper) -> None:
        """Let append-only rows be changed in the running transaction."""

    def close_ledgers(self, connection: BaseDatabaseWrapper) -> None:
        """Undo ``open_ledgers``."""

    def pause_audit(self, connection: BaseDatabaseWrapper) -> None:
        """Let rows change unaudited in the running transaction."""

    def resume_audit(self, connection: BaseDatabaseWrapper) -> None:
        """Undo ``pause_audit``."""


def triggers_of(connection: BaseDatabaseWrapper) -> Triggers:
    """Return the triggers module of the connection's engine."""
    return cast(Triggers, import_module(f"{__name__}.{connection.vendor}"))


def audited_models() -> list[type[models.Model]]:
    """Return the models whose every change is audited, in table order."""
    found: list[type[models.Model]] = [
        model for model in apps.get_models() if issubclass(model, Record)
    ]
    user = apps.get_model("accounts", "User")
    found += [
        Group,
        Group.permissions.through,
        user.groups.through,
        user.user_permissions.through,
    ]
    return sorted(found, key=lambda model: model._meta.db_table)


def append_only_models() -> list[type[models.Model]]:
    """Return the models whose rows are written once, in table order."""
    found: list[type[models.Model]] = [
        model for model in apps.get_models() if issubclass(model, LogRow)
    ]
    return sorted(found, key=lambda model: model._meta.db_table)


@contextmanager
def ledgers_open(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let append-only rows be changed inside this block, in one transaction.

    For purging, erasing and anonymising, and for tests.
    """
    connection = connections[using]
    triggers = triggers_of(connection)
    with transaction.atomic(using=using):
        triggers.open_ledgers(connection)
        yield
        triggers.close_ledgers(connection)


@contextmanager
def audit_paused(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let rows be written unaudited inside this block, in one transaction.

    For filling an empty database with demo data and for anonymising a copy, which
    leave one note in the audit log instead of one a row. The role must own the tables.
    """
    connection = connections[using]
    triggers = triggers_of(connection)
    with transaction.atomic(using=using):
        triggers.pause_audit(connection)
        yield
        triggers.resume_audit(connection)
