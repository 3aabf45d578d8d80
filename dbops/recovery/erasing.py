"""Whoever was erased since the backup is erased again, before anybody can look."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError

from dbops.backups.erasures import Kept, read_erasures
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from stateset.lib.erasures import Erasure, erase_again, recorded
from stateset.lib.errors import StatesetError
from stateset.lib.quarantine import Finding

SUBJECT = "erased since the backup"


def erase_again_in(restored: str, live: str | None, alias: str) -> Iterator[Finding]:
    """Erase in ``restored`` whom the ``live`` database or the storage knows as erased.

    ``alias`` is the name of the database in the storage. What cannot be read or
    believed is told: nobody may take it for done. It may run twice.
    """
    kept, trouble = _kept(alias)
    known = [*_recorded(live), *kept.erasures]
    try:
        if count := erase_again(restored, known):
            yield Finding(SUBJECT, "erased again", count)
    except (DatabaseError, StatesetError) as error:
        # A past that cannot be mended here is still the one that was asked for.
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        named = tuple(f"{each.subject} {each.subject_id}" for each in known)
        yield Finding(SUBJECT, f"not erased again: {why}", len(named), named)
    if trouble:
        yield Finding(f"{SUBJECT}, by the storage", f"unknown: {trouble}", 1)
    if kept.doubts:
        named = tuple(f"{name} ({why})" for name, why in kept.doubts.items())
        done = "not believed, so nobody was erased for them"
        yield Finding(f"{SUBJECT}, by the storage", done, len(named), named)


def _recorded(live: str | None) -> list[Erasure]:
    if live is None:
        return []
    try:
        return recorded(live)
    except DatabaseError:
        # The old database may be of a release that had no erasures.
        return []


def _kept(alias: str) -> tuple[Kept, str]:
    try:
        return read_erasures(backup_storage(), alias), ""
    except StorageError as error:
        return Kept((), {}), error.why or error.what
