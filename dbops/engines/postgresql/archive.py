"""An archive of pg_dump in the workspace: one file, or a directory of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbops.disk import spool
from dbops.engines.base import DIRECTORY, Source
from dbops.engines.kinds import CONTENTS
from dbops.errors import BackupDamagedError, ProgramFailedError
from dbops.process import Program, run
from dbops.tar import untar

# What is in a directory: pg_backup_directory.c, unchanged since 14 but for the large
# objects, which have one list up to 16, and several of them since.
ROWS = re.compile(r"^(\d+); \d+ \d+ TABLE DATA ", re.MULTILINE)
OBJECTS = re.compile(r"^(\d+); \d+ \d+ BLOBS ", re.MULTILINE)
# A foreign one may be packed file by file, or be the tar that pg_dump itself makes.
PACKED = re.compile(r"\.(?:gz|lz4|zst)$")
FOR_PEOPLE = "restore.sql"


def unpacked(source: Source, folder: Path) -> Path:
    """Put a dump into a private folder, and return the file or directory it is now."""
    archive = folder / "dump"
    if source.form == DIRECTORY:
        untar(source.chunks, archive, size_bytes=source.size_bytes)
    else:
        spool(source.chunks, archive, size_bytes=source.size_bytes)
    return archive


def require_parts(pg_restore: Path, archive: Path) -> None:
    """Raise BackupDamagedError unless a directory has all its files, and no other.

    pg_restore would miss one only in the middle of its work.
    """
    if not archive.is_dir():
        return
    found = {PACKED.sub("", path.name) for path in archive.iterdir()} - {FOR_PEOPLE}
    if CONTENTS not in found:
        raise unreadable(f"{CONTENTS} is missing")
    with read_by_pg_restore():
        listed = run(Program([str(pg_restore), "--list", str(archive)])).output
    wanted = {CONTENTS, *(f"{number}.dat" for number in ROWS.findall(listed))}
    for number in OBJECTS.findall(listed):
        wanted |= _objects(archive, number)
    if missing := sorted(wanted - found):
        raise unreadable(f"{missing[0]} is missing")
    if extra := sorted(found - wanted):
        raise unreadable(f"{extra[0]} does not belong to it")


@contextmanager
def read_by_pg_restore() -> Iterator[None]:
    """Take it for damage when pg_restore does not read what the block gives it."""
    try:
        yield
    except ProgramFailedError as error:
        if error.returncode is None or error.returncode < 0:
            raise
        raise unreadable(error.why) from error


def unreadable(why: str) -> BackupDamagedError:
    """Return the error for an archive that is no whole one."""
    return BackupDamagedError(
        "pg_restore cannot read the dump.",
        why=why,
        fix="use another backup (list_backups), and make a new one",
    )


def _objects(archive: Path, number: str) -> set[str]:
    """Return the list of large objects and the files that it names."""
    place = archive / f"blobs_{number}.toc"
    if not place.exists():
        place = archive / "blobs.toc"
    text = place.read_text() if place.exists() else ""
    return {place.name, *(line.split()[1] for line in text.splitlines())}
