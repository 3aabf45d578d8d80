"""Whether there is room for what a restore writes, before anything is written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from dbops.backups.storage import BackupStorage
from dbops.disk import temporary_folder
from dbops.engines.base import Engine
from dbops.engines.verbs.swap import LiveState
from dbops.errors import DiskError
from dbops.values import Size


@dataclass(frozen=True)
class Room:
    """How many bytes are written to one place; ``free`` is None if nobody can tell."""

    place: str
    needed: int
    free: int | None
    fix: str

    def __str__(self) -> str:
        free = "unknown, that disk is not seen from here"
        if self.free is not None:
            free = str(Size(self.free))
        return f"{self.place}: {Size(self.needed)} needed, free: {free}"


def required_room(
    engine: Engine,
    state: LiveState,
    storage: BackupStorage,
    *,
    database_bytes: int,
    dump_bytes: int,
    safety_bytes: int,
    safety_spool_bytes: int,
) -> list[Room]:
    """Return what each place must take, the old database that is kept included.

    ``safety_bytes`` is what the safety backup is expected to take, and
    ``safety_spool_bytes`` what it needs in TMPDIR, before the dump is unpacked there.
    """
    rooms = [
        Room(
            "beside the live one",
            engine.room_for(database_bytes),
            state.free_bytes,
            "make room there, remove kept copies that nobody needs any more",
        )
    ]
    if spooled := max(engine.spool_for(dump_bytes), safety_spool_bytes):
        folder = temporary_folder()
        free = shutil.disk_usage(folder).free
        fix = "make room there, or have TMPDIR name another folder"
        rooms.append(Room(f"{folder} (TMPDIR)", spooled, free, fix))
    if safety_bytes:
        fix = "make room there (prune_backups), or choose another BACKUP_DIR"
        rooms.append(
            Room(
                f"{storage.location} (safety backup)",
                safety_bytes,
                storage.free_bytes(),
                fix,
            )
        )
    return rooms


def require_room(rooms: list[Room], name: str) -> None:
    """Raise DiskError for the first place that is known to be too small."""
    for room in rooms:
        if room.free is not None and room.free < room.needed:
            raise DiskError(
                f"{name} was not replaced; it is as it was.",
                why=f"{room.place}: {Size(room.needed)} are needed,"
                f" {Size(room.free)} are free",
                fix=room.fix,
            )
