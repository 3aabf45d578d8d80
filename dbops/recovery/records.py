"""The journal of restores, beside the backups: no restore can take it back.

Each one is a small JSON object, written before anything is touched and completed
afterwards. A restored database has lost the audit of what was done since its backup,
the restore itself first of all; from these objects it gets that back.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from dbops.backups.objects import read_object, write_object
from dbops.backups.storage import BackupStorage
from stateset.lib import journal
from stateset.lib.journal import who_acts

NAME = re.compile(r"journal_\d{8}_\d{6}_[0-9a-f]{8}\.json")
ASKED, DONE, FAILED = "asked", "done", "failed"
KILLED = "its process was killed"
TO_BE_KEPT, EXCHANGING = "to_be_kept_as", "exchanging_at"
"""Details that a killed restore is resumed by: the name that it would keep the old
database under, "" where there was none, and when both were about to change places."""
RESOURCE = "restore"


@dataclass
class Record:
    """One restore or rollback: who wanted it, when, why, and what came of it."""

    id: str
    action: str
    alias: str
    source: str
    who: str
    reason: str
    host: str
    asked_at: str
    state: str = ASKED
    finished_at: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.id}.json"

    @property
    def stamp(self) -> str:
        """Return the time of its plan, as it stands in the name of a kept copy."""
        asked = datetime.fromisoformat(self.asked_at).astimezone(UTC)
        return f"{asked:%Y%m%d_%H%M%S}"

    def finish(self, state: str) -> None:
        """Say how it ended, now."""
        self.state = state
        self.finished_at = datetime.now(UTC).isoformat(timespec="seconds")


def new_record(
    *,
    action: str,
    alias: str,
    source: str,
    reason: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> Record:
    """Return the record of what is about to begin."""
    return Record(
        id=f"journal_{at:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}",
        action=action,
        alias=alias,
        source=source,
        who=who_acts(),
        reason=reason,
        host=socket.gethostname(),
        asked_at=at.isoformat(timespec="milliseconds"),
        details=dict(details or {}),
    )


def write_record(storage: BackupStorage, record: Record) -> None:
    """Put the record as it is now in the place of what was written before."""
    write_object(storage, record.name, asdict(record))


def read_records(
    storage: BackupStorage, alias: str, *, most: int | None = None
) -> list[Record]:
    """Return what is known of one database, oldest first; what is no record is not.

    Of the newest ``most`` objects where that is given.
    """
    names = sorted(each.name for each in storage.objects() if NAME.fullmatch(each.name))
    found = []
    for name in names if most is None else names[-most:]:
        record = _parse(read_object(storage, name))
        if record is not None and record.alias == alias:
            found.append(record)
    return sorted(found, key=lambda record: (record.asked_at, record.id))


def open_record(storage: BackupStorage, alias: str) -> Record | None:
    """Return the newest record without an end: of what runs, or of what was killed.

    Whatever is begun after a killed one gives that an end.
    """
    records = reversed(read_records(storage, alias))
    return next((record for record in records if record.state == ASKED), None)


def close_abandoned(storage: BackupStorage, alias: str) -> None:
    """Say of records without an end that their process was killed.

    The lease says that none is running.
    """
    for record in read_records(storage, alias):
        if record.state == ASKED:
            record.details["why"] = KILLED
            record.finish(FAILED)
            write_record(storage, record)


def replay_records(storage: BackupStorage, alias: str) -> int:
    """Write what the audit of the live database has not: each record, once."""
    records = [each for each in read_records(storage, alias) if each.state != ASKED]
    known = journal.recorded(RESOURCE, [record.id for record in records])
    missing = [record for record in records if record.id not in known]
    for record in missing:
        # Its actor may not be among the restored users; the name is in the label.
        with journal.acting(
            actor_id="", actor_label=record.who[:255], reason=record.reason
        ):
            journal.record(_entry(record))
    return len(missing)


def _entry(record: Record) -> journal.Entry:
    return journal.Entry(
        f"backup.{record.action}",
        RESOURCE,
        record.id,
        "success" if record.state == DONE else "error",
        {
            "source": record.source,
            "alias": record.alias,
            "host": record.host,
            "asked_at": record.asked_at,
            "finished_at": record.finished_at,
            **record.details,
        },
    )


def _parse(values: dict[str, Any] | None) -> Record | None:
    try:
        return None if values is None else Record(**values)
    except TypeError:
        return None
