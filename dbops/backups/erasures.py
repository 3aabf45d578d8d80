"""Who was erased, beside the backups: those from before have them still.

A restore brings back the past of the database, what it knows of erasures included. So
each one is a small object here as well, which names nobody and is signed as manifests
are: whoever could forge one would have a restore erase whom they like.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from dbops import conf
from dbops.backups.objects import read_object, write_object
from dbops.backups.signing import SIGNATURE, find_doubt, sign
from dbops.backups.storage import BackupStorage, Places, backup_places
from dbops.errors import StorageError
from stateset.lib.erasures import Erasure, recorded

ERASURE = re.compile(r"erasure_([0-9a-f]{32})\.json")
PURPOSE = b"stateset erasure\n"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """The erasures that can be believed, and why each other object cannot, by name."""

    erasures: tuple[Erasure, ...]
    doubts: Mapping[str, str]


def on_erased(**_signal: Any) -> None:
    """Keep what was just committed; where that fails, the next backup makes it up."""
    try:
        keep_erasures(backup_places(), DEFAULT_DB_ALIAS)
    except Exception as error:  # noqa: BLE001 -- it is done, whatever a storage raises
        why = next(iter(str(error).splitlines()), type(error).__name__)
        logger.warning("An erasure is not kept beside the backups yet: %s", why)


def keep_erasures(places: Sequence[BackupStorage], alias: str) -> int:
    """Write to each place what the database knows of erasures and the place does not.

    Returns how many objects were written. A database without such records has none.
    Raises StorageError where no place is reached.
    """
    known = _known(alias)
    if not known:
        return 0

    def keep(place: BackupStorage) -> int:
        missing = known.keys() - set(_names(place))
        return _write(place, alias, [known[name] for name in missing])

    return sum(Places(places).each(keep))


def renew_erasures(places: Sequence[BackupStorage], alias: str) -> int:
    """Write anew what is not believed and the database knows of; return how many.

    Such as what was signed with a key that is to go.
    """

    def renew(place: BackupStorage) -> int:
        doubted = read_erasures(place, alias).doubts
        known = _known(alias) if doubted else {}
        return _write(place, alias, [known[name] for name in doubted if name in known])

    return sum(Places(places).each(renew))


def read_erasures(
    storage: BackupStorage, alias: str, *, without: Collection[UUID] = ()
) -> Kept:
    """Return what the storage knows of erasures in one database of this installation.

    Those ``without`` which the answer is wanted are not read. Cost: one small object
    for each other.
    """
    erasures, doubts = [], {}
    passed_over = {_named(each) for each in without}
    for name in _names(storage):
        if name in passed_over:
            continue
        try:
            values = read_object(storage, name) or {}
        except StorageError as error:
            doubts[name] = error.why or error.what
            continue
        signature = values.pop(SIGNATURE, None)
        erasure = _parse(values)
        if erasure is None or _named(erasure.id) != name:
            doubts[name] = "it is no erasure"
        elif doubt := find_doubt(values, signature, PURPOSE):
            doubts[name] = doubt
        elif values.items() >= _place(alias).items():
            erasures.append(erasure)
    return Kept(tuple(erasures), doubts)


def recorded_in(alias: str) -> list[Erasure]:
    """Return what a database has recorded; nothing of one that is none of ours."""
    try:
        return recorded(alias)
    except DatabaseError:
        return []


def _known(alias: str) -> dict[str, Erasure]:
    """Return by its name each erasure that a database has recorded."""
    return {_named(each.id): each for each in recorded_in(alias)}


def _write(place: BackupStorage, alias: str, erasures: Sequence[Erasure]) -> int:
    for erasure in erasures:
        values = _values(erasure, alias)
        signed = {**values, SIGNATURE: sign(values, PURPOSE)}
        write_object(place, _named(erasure.id), signed)
    return len(erasures)


def _names(storage: BackupStorage) -> Iterator[str]:
    for each in storage.objects("erasure_"):
        if ERASURE.fullmatch(each.name):
            yield each.name


def _named(erasure_id: UUID) -> str:
    return f"erasure_{erasure_id.hex}.json"


def _place(alias: str) -> dict[str, str]:
    """Return of which database it is: another one may have rows of the same keys."""
    return {
        "project": conf.PROJECT,
        "environment": conf.environment(),
        "alias": alias,
    }


def _values(erasure: Erasure, alias: str) -> dict[str, str]:
    told = {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in asdict(erasure).items()
    }
    return {**_place(alias), **told}


def _parse(values: Mapping[str, Any]) -> Erasure | None:
    try:
        erased_at = datetime.fromisoformat(values["erased_at"])
        if erased_at.tzinfo is None:
            return None
        return Erasure(
            id=UUID(values["id"]),
            subject=str(values["subject"]),
            subject_id=UUID(values["subject_id"]),
            erased_at=erased_at,
            scope=str(values["scope"]),
            actor_label=str(values["actor_label"]),
            reason=str(values["reason"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
