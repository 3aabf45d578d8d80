"""Whoever was erased since the backup is erased again, before anybody can look."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from dbops.backups.erasures import Kept, read_erasures, recorded_in
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from stateset.lib.erasures import erase_again
from stateset.lib.quarantine import Finding

SUBJECT = "erased since the backup"
BY_STORAGE = f"{SUBJECT}, by the storage"
NOT_AGAIN = f"{SUBJECT}, but not again"
BY_HAND = "to be erased by hand: mend that, then erase_customer KEY --unfinished"


def erase_again_in(restored: str, live: str | None, alias: str) -> Iterator[Finding]:
    """Erase in ``restored`` whom the ``live`` database or the storage knows as erased.

    ``alias`` is the name of the database in the storage. What cannot be read, believed
    or done is told: nobody may take it for done, and a restore does not stop for it.
    It may run twice.
    """
    known = recorded_in(live) if live else []
    there = {each.id for each in [*known, *recorded_in(restored)]}
    kept, trouble = _kept(alias, there)
    again = erase_again(restored, [*known, *kept.erasures])
    if again.done:
        yield Finding(SUBJECT, "erased again", again.done)
    if again.refused:
        named = tuple(
            f"{each.subject} {each.subject_id} ({why})" for each, why in again.refused
        )
        yield Finding(NOT_AGAIN, BY_HAND, len(named), named)
    if trouble:
        yield Finding(BY_STORAGE, f"unknown: {trouble}", 1)
    if kept.doubts:
        named = tuple(f"{name} ({why})" for name, why in kept.doubts.items())
        done = "not believed, so nobody was erased for them"
        yield Finding(BY_STORAGE, done, len(named), named)


def _kept(alias: str, there: Collection[UUID]) -> tuple[Kept, str]:
    try:
        return read_erasures(backup_storage(), alias, without=there), ""
    except StorageError as error:
        return Kept((), {}), error.why or error.what
