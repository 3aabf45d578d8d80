"""A dump that another program made: an archive of pg_dump, or SQL text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import chunks_of, workspace
from dbops.engines.base import (
    DIRECTORY,
    ONE_FILE,
    Contents,
    Source,
    refused_kind,
)
from dbops.engines.kinds import ARCHIVE, CONTENTS, FOLDER, SQL, TAR, kind_of
from dbops.engines.options import Options
from dbops.engines.postgresql.clients import find_psql
from dbops.engines.postgresql.connect import (
    client_program,
    maintenance_session,
    session,
)
from dbops.engines.postgresql.contents import read_contents, read_properties
from dbops.engines.postgresql.decode import decode
from dbops.engines.postgresql.drafts import draft_database
from dbops.engines.postgresql.restore import drafted
from dbops.errors import BackupDamagedError, RestoreRefusedError
from dbops.process import Program, run
from dbops.tar import tar_chunks, tar_size, unpack_foreign

# pg_backup_archiver.h: from which release on pg_dump writes this format.
FORMAT_MAJORS: dict[tuple[int, ...], str] = {(1, 15): "16", (1, 16): "17"}
OLDEST_MAJOR = "12"
HEAD_BYTES = 7
BEGINNING = b"-- PostgreSQL database dump"
ENDING = b"-- PostgreSQL database dump complete"
END_BYTES = 4096
# A line of rows begins with no such thing: COPY doubles a backslash.
LEAVES = re.compile(rb"\\(?:!|(?:c|connect|i|ir|include|o|out|setenv)\b)")


@contextmanager
def drafted_from_file(
    connection: BaseDatabaseWrapper,
    options: Options,
    file: Path,
    target: str,
    *,
    check: Callable[[Contents], None],
) -> Iterator[str]:
    """Fill a draft, like the live database in encoding and locale, from a file."""
    kind = kind_of(file)
    if kind == TAR:
        with workspace() as room:
            folder = unpack_foreign(file, room / file.stem)
            with drafted_from_file(
                connection, options, folder, target, check=check
            ) as draft:
                yield draft
        return
    like = Contents(target, 0, "", "", {}, (), read_properties(connection))
    if kind in (ARCHIVE, FOLDER):
        like = replace(like, client_version=_oldest_reader(file, kind))
        # Of a foreign archive a warning is damage; and nothing is made until then.
        decode(options, _source(file, kind), like)
        making = drafted(
            connection, options, _source(file, kind), target, like=like, check=check
        )
    elif kind == SQL:
        _require_end(file)
        _require_inside(file)
        making = _drafted_from_text(
            connection, options, file, target, like=like, check=check
        )
    else:
        raise refused_kind(kind, "PostgreSQL takes archives of pg_dump and SQL text")
    with making as draft:
        yield draft


def text_program(
    connection: BaseDatabaseWrapper, psql: Path, database: str, file: Path
) -> Program:
    """Return the command line: all of it or nothing, and no file of the user's."""
    return client_program(
        connection,
        str(psql),
        [
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            f"--file={file}",
        ],
        database=database,
    )


@contextmanager
def _drafted_from_text(
    connection: BaseDatabaseWrapper,
    options: Options,
    file: Path,
    target: str,
    *,
    like: Contents,
    check: Callable[[Contents], None],
) -> Iterator[str]:
    psql = find_psql(options.client_folders)
    with ExitStack() as making:
        own = making.enter_context(maintenance_session(connection, name="restore"))
        draft = making.enter_context(draft_database(own, target, like))
        run(text_program(own, psql.path, draft, file))
        with session(connection, database=draft, name="restore") as restored:
            with restored.cursor() as cursor:
                cursor.execute("ANALYZE")
            check(read_contents(restored))
        yield draft


def _source(file: Path, kind: str) -> Source:
    if kind == FOLDER:
        _require_plain(file)
        return Source(tar_chunks(file), tar_size(file), DIRECTORY)
    return Source(chunks_of(file), file.stat().st_size, ONE_FILE)


def _require_plain(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_file():
            raise RestoreRefusedError(
                f"{folder.name} was not restored.",
                why=f"{path.name} in it is no plain file",
                fix="give a directory as pg_dump --format=directory writes it",
            )


def _head(file: Path, kind: str) -> bytes:
    """Return the first bytes of what says what is in an archive."""
    with (file / CONTENTS if kind == FOLDER else file).open("rb") as opened:
        return opened.read(HEAD_BYTES)


def _oldest_reader(file: Path, kind: str) -> str:
    head = _head(file, kind)
    if len(head) < HEAD_BYTES and kind == ARCHIVE:
        raise BackupDamagedError(
            f"{file.name} was not restored.",
            why="it ends within its first bytes",
            fix="use another file",
        )
    return FORMAT_MAJORS.get(tuple(head[5:]), OLDEST_MAJOR)


def _require_end(file: Path) -> None:
    """Refuse a text of pg_dump that was cut off: psql would take it for a whole one."""
    with file.open("rb") as opened:
        is_pg_dump = BEGINNING in opened.read(END_BYTES)
        opened.seek(max(0, file.stat().st_size - END_BYTES))
        if is_pg_dump and ENDING not in opened.read():
            raise BackupDamagedError(
                f"{file.name} was not restored.",
                why="its end is missing: pg_dump closes a text with 'dump complete'",
                fix="use another file",
            )


def _require_inside(file: Path) -> None:
    """Refuse a text that would leave the new database, or psql itself."""
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            if found := LEAVES.match(line):
                raise RestoreRefusedError(
                    f"{file.name} was not restored.",
                    why=f"its line {number} has {found[0].decode()}, which would leave"
                    " the new database",
                    fix="make the dump without --create, of one database, or take that"
                    " line out",
                )
