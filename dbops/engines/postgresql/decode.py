"""pg_restore reading a whole archive, without a server."""

from __future__ import annotations

from dbops.engines.base import Contents, Source
from dbops.engines.options import Options
from dbops.engines.postgresql.clients import find_pg_restore
from dbops.errors import BackupDamagedError, ProgramFailedError
from dbops.process import Program, running


def decode(options: Options, source: Source, expected: Contents) -> None:
    """Turn the archive into SQL that nobody reads.

    A table of contents with a bit turned over is only worth a warning to
    pg_restore; here every warning counts as damage.
    """
    client = find_pg_restore(expected.client_version, None, options.client_folders)
    program = Program([str(client.path), "--file=/dev/null"])
    try:
        with running(
            program, feed=True, silence_seconds=options.silence_seconds
        ) as pg_restore:
            for chunk in source.chunks:
                pg_restore.write(chunk)
    except ProgramFailedError as error:
        if error.returncode is None or error.returncode < 0:
            raise
        raise _damaged(error.why) from error
    if pg_restore.warnings:
        raise _damaged("; ".join(pg_restore.warnings))


def _damaged(why: str) -> BackupDamagedError:
    return BackupDamagedError(
        "pg_restore cannot read the dump.",
        why=why,
        fix="use another backup (list_backups), and make a new one",
    )
