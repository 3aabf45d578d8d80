"""Who does what and why: the context every write travels with, and its sinks.

The audit trail is written by database triggers, which read actor, request and
reason from transaction-local settings. ``business_transaction`` sets them as the
first statement; what the database cannot see (a login, a backup) is recorded
with ``record``. This module owns no table: ``stateset.system`` listens.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.dispatch import Signal


@dataclass(frozen=True)
class Context:
    """Who acts, in which request, and why."""

    actor_id: str = ""
    actor_label: str = ""
    request_id: str = ""
    reason: str = ""
    covers_steps: bool = False


@dataclass(frozen=True)
class Entry:
    """One thing that happened and left no row behind: ``backup.restore``."""

    action: str
    resource_type: str = ""
    resource_id: str = ""
    outcome: str = "success"
    details: Mapping[str, Any] = field(default_factory=dict)


context_changed = Signal()
"""Sent inside a transaction, with ``using`` and ``context``, when it changes."""

document_leaving = Signal()
"""Sent with ``row`` and ``event_type`` in the transaction that deletes a document,
while it is still there: ``stateset.system`` writes the event."""

document_edited = Signal()
"""Sent with ``row``, ``event_type`` and ``payload`` in the transaction in which a
person wrote columns of a document by hand."""

_NOBODY = Context()
_context: ContextVar[Context] = ContextVar("journal_context", default=_NOBODY)
_told: ContextVar[frozenset[str]] = ContextVar("journal_told", default=frozenset())
"""The databases whose open transaction knows the context already."""

_sinks: list[Callable[[Entry, Context], None]] = []
_readers: list[Callable[[str, Collection[str]], set[str]]] = []
_counters: list[Callable[[str, datetime], Mapping[str, int]]] = []


def current_context() -> Context:
    """Return the context of this thread or task."""
    return _context.get()


def add_sink(sink: Callable[[Entry, Context], None]) -> None:
    """Have ``sink`` called for every recorded entry; once, however often added."""
    if sink not in _sinks:
        _sinks.append(sink)


def add_reader(reader: Callable[[str, Collection[str]], set[str]]) -> None:
    """Have ``reader`` asked which acts on resources of a type are recorded."""
    if reader not in _readers:
        _readers.append(reader)


def recorded(resource_type: str, resource_ids: Collection[str]) -> set[str]:
    """Return for which of the resources every reader finds an entry."""
    known = set(resource_ids) if _readers else set()
    for reader in _readers:
        known &= reader(resource_type, resource_ids)
    return known


def add_counter(counter: Callable[[str, datetime], Mapping[str, int]]) -> None:
    """Have ``counter`` asked how many changes of rows are recorded since a moment."""
    if counter not in _counters:
        _counters.append(counter)


def changes_since(using: str, moment: datetime) -> dict[str, int]:
    """Return how many changes of rows a database has recorded since, by table.

    A watched table without changes is there with 0; what nobody watches is not there.
    """
    counts: dict[str, int] = {}
    for counter in _counters:
        for table, count in counter(using, moment).items():
            counts[table] = counts.get(table, 0) + count
    return counts


def who_acts() -> str:
    """Return who acts: a user of the site, or who is logged in on this machine."""
    return current_context().actor_label or _login()


def record(entry: Entry) -> None:
    """Hand ``entry`` to every sink; what a sink raises is the caller's to know."""
    for sink in _sinks:
        sink(entry, current_context())


@contextmanager
def acting(**changes: Any) -> Iterator[Context]:
    """Act under a changed context: ``acting(actor_label="cron", reason="…")``."""
    token = _context.set(replace(_context.get(), **changes))
    try:
        yield _context.get()
    finally:
        _context.reset(token)


@contextmanager
def business_transaction(
    *,
    reason: str = "",
    covers_steps: bool = False,
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[None]:
    """Open a transaction that knows its actor; every service starts with it.

    Nested in another one it is a savepoint; the context is sent again only if
    ``reason`` changes it. A reason that ``covers_steps`` also stands for the steps
    inside that name their own, as for each row of an import.
    """
    is_told = using in _told.get()
    before = current_context()
    changes: dict[str, Any] = {}
    if reason and not before.covers_steps:
        changes = {"reason": reason, "covers_steps": covers_steps}
    with transaction.atomic(using=using), acting(**changes) as context:
        if not is_told or context != before:
            context_changed.send(sender=None, using=using, context=context)
        token = _told.set(_told.get() | {using})
        try:
            yield
        finally:
            _told.reset(token)
        if is_told and context != before:
            context_changed.send(sender=None, using=using, context=before)


def _login() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return f"user at {socket.gethostname()}"
