"""Ask a database whether it answers, within a time limit, whatever its engine."""

from __future__ import annotations

import threading
from collections.abc import Set
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.utils import (
    DatabaseError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

from stateset.lib.errors import StatesetError

# What a lost, missing or too old database raises first, among other causes.
LOST_DATABASE = (OperationalError, InterfaceError, NotSupportedError)
UNREACHABLE = (DatabaseError, InterfaceError)


class DatabaseUnreachableError(StatesetError):
    """The database does not answer; nothing was changed by asking."""


@dataclass(frozen=True)
class Answer:
    """What a database said; ``reason`` is for operators, never for a page."""

    reachable: bool
    reason: str = ""
    unapplied: tuple[str, ...] = ()


_asking: dict[str, Future[Answer]] = {}
_asking_guard = threading.Lock()


def ask_database(
    alias: str = DEFAULT_DB_ALIAS, *, limit_seconds: float = 2.0
) -> Answer:
    """Ask over a connection of its own and give up after the limit.

    Several callers at once share one question, and a server that hangs holds one
    thread, not one per caller.
    """
    with _asking_guard:
        question = _asking.get(alias)
        if question is None or question.done():
            question = _asking[alias] = Future()
            threading.Thread(
                target=_ask, args=(question, alias), name=f"ask-{alias}", daemon=True
            ).start()
    try:
        return question.result(timeout=limit_seconds)
    except TimeoutError:
        return Answer(
            reachable=False, reason=f"no answer within {limit_seconds:g} seconds"
        )


def is_clash(error: BaseException | None) -> bool:
    """Return whether a transaction was undone because another one was in its way.

    Deadlocks and serialization failures: SQLSTATE class 40 of the SQL standard.
    Nothing of it is kept, and the same again may well pass.
    """
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None) or ""
    return isinstance(error, DatabaseError) and state.startswith("40")


def is_forbidden(error: BaseException | None) -> bool:
    """Return whether the role lacks a right: SQLSTATE 42501 of the SQL standard."""
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None)
    return isinstance(error, ProgrammingError) and state == "42501"


def unreachable_error(alias: str = DEFAULT_DB_ALIAS) -> DatabaseUnreachableError | None:
    """Return what to tell an operator, nothing when the database does answer.

    Asked after a database error, it tells a lost server from a wrong statement
    without knowing any engine's error codes.
    """
    answer = ask_database(alias)
    if answer.reachable:
        return None
    return DatabaseUnreachableError(
        f"The database {alias!r} does not answer.",
        why=answer.reason,
        fix="start its server or create it, or correct APP__DATABASE_URL; then "
        f"`python manage.py check --database {alias}` tells more",
    )


def unapplied_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """Return ``app.name`` of each migration in the code but not in the database."""
    return unapplied_of(applied_migrations(connection))


def applied_migrations(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """Return app and name of each migration that the database says it has."""
    # MigrationRecorder would ask the alias, and so another connection than this.
    with connection.cursor() as cursor:
        if "django_migrations" not in connection.introspection.table_names(cursor):
            return set()
        cursor.execute("SELECT app, name FROM django_migrations")
        return {(app, name) for app, name in cursor.fetchall()}


def unapplied_of(applied: Set[tuple[str, str]]) -> list[str]:
    """Return ``app.name`` of each migration in the code that is not applied."""
    graph, replaced = _migrations_on_disk()
    return sorted(
        f"{key[0]}.{key[1]}"
        for key in graph
        if key not in applied
        and not (replaced.get(key) and all(old in applied for old in replaced[key]))
    )


def unknown_of(applied: Set[tuple[str, str]]) -> list[str]:
    """Return ``app.name`` of each applied migration that the code does not have."""
    graph, replaced = _migrations_on_disk()
    known = {*graph, *replaced, *(old for each in replaced.values() for old in each)}
    return sorted(f"{app}.{name}" for app, name in applied - known)


def separate_connection(alias: str) -> BaseDatabaseWrapper:
    """Return a connection outside pool and transaction; the caller closes it."""
    connection: Any = connections[alias]
    separate: BaseDatabaseWrapper = connection.copy()
    separate.settings_dict["OPTIONS"].pop("pool", None)
    return separate


def _ask(question: Future[Answer], alias: str) -> None:
    answer = Answer(reachable=False, reason="the question broke off; see the log")
    try:
        with closing(separate_connection(alias)) as connection:
            answer = _answer(connection)
    finally:
        question.set_result(answer)


def _answer(connection: BaseDatabaseWrapper) -> Answer:
    try:
        unapplied = unapplied_migrations(connection)
    except UNREACHABLE as error:
        return Answer(reachable=False, reason=_reason(error, connection))
    return Answer(reachable=True, unapplied=tuple(unapplied))


def _reason(error: Exception, connection: BaseDatabaseWrapper) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    password = connection.settings_dict.get("PASSWORD")
    return text.replace(password, "***") if password else text


@cache
def _migrations_on_disk() -> tuple[frozenset[Any], dict[Any, Any]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key: node.replaces for key, node in loader.replacements.items()}
    return frozenset(loader.graph.nodes), replaced
