"""pg_restore reading a whole archive, without a server."""

from __future__ import annotations

from pathlib import Path

from dbops.disk import workspace
from dbops.engines.base import DIRECTORY, Contents, Source
from dbops.engines.options import Options
from dbops.engines.postgresql.archive import (
    read_by_pg_restore,
    require_parts,
    unpacked,
    unreadable,
)
from dbops.engines.postgresql.clients import find_pg_restore
from dbops.process import Program, run, running


def decode(options: Options, source: Source, expected: Contents) -> None:
    """Turn the archive into SQL that nobody reads.

    A table of contents with a bit turned over is only worth a warning to
    pg_restore; here every warning counts as damage.
    """
    client = find_pg_restore(expected.client_version, None, options.client_folders)
    words = [str(client.path), "--file=/dev/null"]
    with read_by_pg_restore():
        if source.form == DIRECTORY:
            warnings = _decode_directory(client.path, words, options, source)
        else:
            warnings = _decode_stream(words, options, source)
    if warnings:
        raise unreadable("; ".join(warnings))


def _decode_stream(
    words: list[str], options: Options, source: Source
) -> tuple[str, ...]:
    with running(
        Program(words), feed=True, silence_seconds=options.silence_seconds
    ) as pg_restore:
        for chunk in source.chunks:
            pg_restore.write(chunk)
    return pg_restore.warnings


def _decode_directory(
    pg_restore: Path, words: list[str], options: Options, source: Source
) -> tuple[str, ...]:
    """Cost: the size of the dump in TMPDIR, as there are several files to read."""
    with workspace() as folder:
        archive = unpacked(source, folder)
        require_parts(pg_restore, archive)
        # Without a word it may read for as long as it likes: nothing can hold it up.
        return run(Program([*words, str(archive)])).warnings
