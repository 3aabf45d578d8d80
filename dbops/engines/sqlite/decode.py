"""A dump is a database file: it is checked as one."""

from __future__ import annotations

from dbops.disk import spool, workspace
from dbops.engines.base import Contents, Source, summarised
from dbops.engines.options import Options
from dbops.engines.sqlite.connect import opened
from dbops.engines.sqlite.contents import find_damage, read_contents
from dbops.errors import BackupDamagedError, DatabaseUnavailableError


def decode(_options: Options, source: Source, expected: Contents) -> None:
    """Check structure, foreign keys, rows and migrations on a private copy."""
    with workspace() as folder:
        copy = folder / "copy.db"
        spool(source.chunks, copy, size_bytes=source.size_bytes)
        try:
            with opened(copy) as database:
                damage = find_damage(database)
                found = read_contents(database, expected.database)
        except DatabaseUnavailableError as error:
            raise _damaged(error.why) from error
    if damage := damage + expected.differences(found):
        raise _damaged(summarised(damage))


def _damaged(why: str) -> BackupDamagedError:
    return BackupDamagedError(
        "The dump is not a sound database.",
        why=why,
        fix="use another backup (list_backups), and make a new one",
    )
