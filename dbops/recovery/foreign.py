"""Bring in what another program dumped: no manifest says what should be in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from time import perf_counter

from django.db import DEFAULT_DB_ALIAS

from dbops import conf
from dbops.audit import journaled
from dbops.backups import encryption
from dbops.backups.compression import UNPACKING_ERRORS, parse_compression
from dbops.disk import disk_errors, spool, workspace
from dbops.engines.base import Contents
from dbops.engines.registry import get_engine
from dbops.errors import BackupDamagedError, ProgramFailedError, RestoreRefusedError
from dbops.leases import leased
from dbops.process import CHUNK_BYTES
from dbops.stopping import stoppable

PACKINGS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
NO_PACKING = "none"
HEAD_BYTES = 64


@dataclass(frozen=True)
class Adopted:
    """A new database made from a foreign file, and what was found in it."""

    source: Path
    target: str
    contents: Contents
    seconds: float

    @property
    def rows(self) -> int:
        return sum(self.contents.tables.values())


def restore_foreign(
    file: str, *, into: str, alias: str = DEFAULT_DB_ALIAS, reason: str = ""
) -> Adopted:
    """Make the new database ``into`` from a dump that has no manifest.

    ``.dump``, ``.sql`` and ``.db`` files and tars of pg_dump, also packed with gzip or
    zstd, also encrypted by age then, or a directory of pg_dump; what they are is told
    by their content. They are read to the end first, and every warning of a program
    counts. When anything raises, nothing is left.
    """
    source = conf.engine_options().project_root / file
    engine = get_engine(alias)
    if not source.is_file() and not source.is_dir():
        raise RestoreRefusedError(
            f"{source.name or 'The file'} was not restored.",
            why=f"there is no file {source}",
            fix="give the path of a dump, from the project's folder or absolute",
        )
    target = engine.new_target(into)
    found: list[Contents] = []

    def check(contents: Contents) -> None:
        if not contents.tables:
            raise BackupDamagedError(
                f"{source.name} was not restored.",
                why="there is no table in it",
                fix="use another file",
            )
        found.append(contents)

    begun = perf_counter()
    with (
        journaled("backup.restore", reason=reason) as details,
        stoppable("The restore"),
        leased(engine, "restore", target=target),
        workspace() as folder,
    ):
        details |= {"id": source.name, "into": target, "alias": alias}
        plain = _unpacked(source, folder)
        with engine.drafted_from_file(plain, target, check=check) as draft:
            engine.name_draft(draft, target)
        details["rows"] = sum(found[0].tables.values())
    return Adopted(source, target, found[0], round(perf_counter() - begun, 3))


def _unpacked(source: Path, folder: Path) -> Path:
    """Return the file itself, or a copy without its packing and encryption."""
    what = f"{source.name} was not read."
    if source.is_dir():
        with disk_errors(what, source):
            next(source.iterdir(), None)
        return source
    with disk_errors(what, source.parent), source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith((*PACKINGS, *encryption.MAGICS)):
        return source
    plain = folder / source.stem
    spool(_plain(source), plain, size_bytes=source.stat().st_size)
    return plain


def _plain(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file, _decrypted(source, file) as packed:
            reader = parse_compression(_packing(packed)).reader(packed)
            while chunk := reader.read(CHUNK_BYTES):
                yield chunk
    except UNPACKING_ERRORS as error:
        raise BackupDamagedError(
            f"{source.name} was not restored.",
            why=f"it cannot be unpacked: {str(error) or type(error).__name__}",
            fix="use another file",
        ) from error


@contextmanager
def _decrypted(source: Path, file: BufferedReader) -> Iterator[BufferedReader]:
    """Give what is in an encrypted file, by the identity that opens our own backups."""
    if not file.peek(HEAD_BYTES).startswith(encryption.MAGICS):
        yield file
        return
    identity = encryption.require_identity(source.name, ())
    try:
        with encryption.decrypting(file, identity) as plain:
            yield BufferedReader(plain, CHUNK_BYTES)
    except ProgramFailedError as error:
        # A wrong identity and a damaged file: its own words tell which.
        raise encryption.locked(source.name, (), error.why) from error


def _packing(file: BufferedReader) -> str:
    head = file.peek(HEAD_BYTES)
    return next(
        (name for magic, name in PACKINGS.items() if head.startswith(magic)), NO_PACKING
    )
