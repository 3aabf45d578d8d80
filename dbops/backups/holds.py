"""What keeps a backup from being deleted, beside the policy: a pin, a reader.

Both are small objects beside the backups, so they hold on every machine that sees the
same storage, and no restore takes them back. A reader that is killed leaves its object;
it counts for a day.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dbops.audit import journaled
from dbops.backups.catalogue import ID, find_manifest
from dbops.backups.objects import read_object, write_object
from dbops.backups.storage import BackupStorage, StoredObject, backup_storage
from dbops.errors import PinRefusedError, StorageError
from dbops.leases import holder_of
from stateset.lib.journal import who_acts

logger = logging.getLogger(__name__)

PINNED, IN_USE = "pinned", "in use"
PIN = re.compile(rf"pin_({ID.pattern})\.json")
READER = re.compile(rf"reading_({ID.pattern})_[0-9a-f]{{8}}\.json")
READERS_COUNT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Hold:
    """Why a backup stays; ``short`` is the reason in a word or two."""

    short: str
    why: str


@dataclass(frozen=True)
class Pin:
    """Who wants a backup to stay, since when and why; one taken back is not set."""

    backup_id: str
    who: str
    why: str
    at: datetime
    is_set: bool = True

    @property
    def name(self) -> str:
        return f"pin_{self.backup_id}.json"


def pin_backup(*, backup_id: str, alias: str, reason: str) -> Pin:
    """Have a backup stay until it is unpinned, whatever its age and state."""
    return _pin(backup_id, alias, reason, is_set=True)


def unpin_backup(*, backup_id: str, alias: str, reason: str) -> Pin:
    """Leave a backup to the policy again.

    The pin is written over, not deleted: the key that makes backups may not be one
    that deletes.
    """
    return _pin(backup_id, alias, reason, is_set=False)


def read_pins(storage: BackupStorage) -> dict[str, Pin]:
    """Return the pins that are set, by the id of the backup."""
    return {
        backup_id: pin
        for backup_id, pin in _pins(storage, _names(storage))
        if pin is not None and pin.is_set
    }


def read_holds(storage: BackupStorage, now: datetime) -> dict[str, Hold]:
    """Return what holds which backup now; a pin is told before a reader.

    A pin that cannot be read holds too: it is never deleted, so somebody has set it.
    """
    return _holds(storage, storage.objects(), now)


def read_hold(storage: BackupStorage, backup_id: str, now: datetime) -> Hold | None:
    """Return what holds one backup now; cost: two short listings, whatever is there."""
    listed = [
        *storage.objects(f"pin_{backup_id}."),
        *storage.objects(f"reading_{backup_id}_"),
    ]
    return _holds(storage, listed, now).get(backup_id)


def _holds(
    storage: BackupStorage, listed: Iterable[StoredObject], now: datetime
) -> dict[str, Hold]:
    names = [each.name for each in listed]
    holds = {
        backup_id: Hold(IN_USE, f"being read: {who}")
        for backup_id, who, until in _readers(storage, names)
        if until > now
    }
    for backup_id, pin in _pins(storage, names):
        if pin is None:
            holds[backup_id] = Hold(PINNED, "pinned, by a pin that cannot be read")
        elif pin.is_set:
            holds[backup_id] = Hold(PINNED, f"pinned by {pin.who}: {pin.why}")
    return holds


@contextmanager
def being_read(storage: BackupStorage, backup_id: str, purpose: str) -> Iterator[None]:
    """Have nobody delete a backup while the block reads it.

    Where that cannot be said, as with a key that may only read, it is read all the
    same: a restore must not wait for the right to write.
    """
    name = f"reading_{backup_id}_{secrets.token_hex(4)}.json"
    until = timezone.now() + READERS_COUNT_FOR
    values = {
        "backup_id": backup_id,
        "who": holder_of(purpose),
        "until": until,
    }
    try:
        write_object(storage, name, values)
    except StorageError as error:
        logger.warning("%s is read without saying so. %s", backup_id, error.why)
        yield
        return
    try:
        yield
    finally:
        try:
            storage.delete(name)
        except StorageError as error:
            logger.info("%s stays until it is pruned. %s", name, error.why)


def clear_holds(
    storage: BackupStorage, now: datetime, is_gone: Callable[[str], bool]
) -> None:
    """Remove what holds nothing any more.

    That is what readers have left that were killed or may not delete, and the pins,
    taken back or not, of backups that are gone everywhere.
    """
    for name in _names(storage):
        if READER.fullmatch(name):
            read = _parse_reader(_values(storage, name))
            if read is None or read[2] <= now:
                storage.delete(name)
        elif (pin := PIN.fullmatch(name)) and is_gone(pin[1]):
            try:
                storage.delete(name)
            except StorageError as error:
                # Of nothing, so nobody misses it where nothing may be deleted.
                logger.info("%s stays. %s", name, error.why)


def _pin(backup_id: str, alias: str, reason: str, *, is_set: bool) -> Pin:
    storage = backup_storage()
    action = "backup.pin" if is_set else "backup.unpin"
    with journaled(action, reason=reason) as details:
        details["id"] = backup_id
        if not reason.strip():
            raise PinRefusedError(
                f"The backup {backup_id} was not {'' if is_set else 'un'}pinned.",
                why="no reason is given",
                fix="say why: the next one to look at it will want to know",
            )
        # Raises for one that is not there.
        manifest = find_manifest(storage, backup_id, alias)
        pin = Pin(manifest.id, who_acts(), reason.strip(), timezone.now(), is_set)
        write_object(storage, pin.name, asdict(pin))
        # A pruning that read the pins before may have been at it: then it is gone.
        find_manifest(storage, backup_id, alias)
    return pin


def _names(storage: BackupStorage) -> list[str]:
    return [each.name for each in storage.objects()]


def _pins(
    storage: BackupStorage, names: Iterable[str]
) -> Iterator[tuple[str, Pin | None]]:
    """Yield each pin with the id of its backup, also one that cannot be read."""
    for name in names:
        if found := PIN.fullmatch(name):
            yield found[1], _parse_pin(_values(storage, name))


def _readers(
    storage: BackupStorage, names: Iterable[str]
) -> Iterator[tuple[str, str, datetime]]:
    for name in names:
        if READER.fullmatch(name):
            read = _parse_reader(_values(storage, name))
            if read is not None:
                yield read


def _values(storage: BackupStorage, name: str) -> dict[str, Any] | None:
    """Return what an object holds, None where it has just gone or is no JSON."""
    try:
        return read_object(storage, name)
    except StorageError:
        return None


def _parse_pin(values: Any) -> Pin | None:
    try:
        return Pin(**{**values, "at": datetime.fromisoformat(values["at"])})
    except (KeyError, TypeError, ValueError):
        return None


def _parse_reader(values: Any) -> tuple[str, str, datetime] | None:
    try:
        until = datetime.fromisoformat(values["until"])
        return str(values["backup_id"]), str(values["who"]), until
    except (KeyError, TypeError, ValueError):
        return None
