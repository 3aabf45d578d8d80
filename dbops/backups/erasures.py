"""Who was erased, beside the backups: those from before have them still.

A restore brings back the past of the database, what it knows of erasures included. So
each one is a small object here as well, which names nobody and is signed as manifests
are: whoever could forge one would have a restore erase whom they like.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from dbops import conf
from dbops.backups.objects import read_object, write_object
from dbops.backups.signing import SIGNATURE, find_doubt, sign
from dbops.backups.storage import BackupStorage, backup_storage
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
        keep_erasures(backup_storage(), DEFAULT_DB_ALIAS)
    except Exception as error:  # noqa: BLE001 -- it is done, whatever a storage raises
        why = next(iter(str(error).splitlines()), type(error).__name__)
        logger.warning("An erasure is not kept beside the backups yet: %s", why)


def keep_erasures(storage: BackupStorage, alias: str) -> int:
    """Write each erasure that the database knows of and the storage does not.

    Returns how many were written. A database without such records has none.
    """
    known = _known(alias)
    there = set(_names(storage)) if known else set()
    return _write(storage, alias, [known[name] for name in known if name not in there])


def renew_erasures(storage: BackupStorage, alias: str) -> int:
    """Write anew what is not believed and the database knows of; return how many.

    Such as what was signed with a key that is to go.
    """
    doubted = read_erasures(storage, alias).doubts
    known = _known(alias) if doubted else {}
    return _write(storage, alias, [known[name] for name in doubted if name in known])


def read_erasures(storage: BackupStorage, alias: str) -> Kept:
    """Return what the storage knows of erasures in one database of this installation.

    Cost: one small object for each.
    """
    erasures, doubts = [], {}
    for name in _names(storage):
        values = read_object(storage, name) or {}
        signature = values.pop(SIGNATURE, None)
        erasure = _parse(values)
        if erasure is None or _name(erasure) != name:
            doubts[name] = "it is no erasure"
        elif doubt := find_doubt(values, signature, PURPOSE):
            doubts[name] = doubt
        elif values.items() >= _place(alias).items():
            erasures.append(erasure)
    return Kept(tuple(erasures), doubts)


def _known(alias: str) -> dict[str, Erasure]:
    """Return by its name each erasure that a database has recorded."""
    try:
        return {_name(each): each for each in recorded(alias)}
    except DatabaseError:
        return {}


def _write(storage: BackupStorage, alias: str, erasures: Sequence[Erasure]) -> int:
    for erasure in erasures:
        values = _values(erasure, alias)
        signed = {**values, SIGNATURE: sign(values, PURPOSE)}
        write_object(storage, _name(erasure), signed)
    return len(erasures)


def _names(storage: BackupStorage) -> Iterator[str]:
    for each in storage.objects("erasure_"):
        if ERASURE.fullmatch(each.name):
            yield each.name


def _name(erasure: Erasure) -> str:
    return f"erasure_{erasure.id.hex}.json"


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
        return Erasure(
            id=UUID(values["id"]),
            subject=str(values["subject"]),
            subject_id=UUID(values["subject_id"]),
            erased_at=datetime.fromisoformat(values["erased_at"]),
            scope=str(values["scope"]),
            actor_label=str(values["actor_label"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
