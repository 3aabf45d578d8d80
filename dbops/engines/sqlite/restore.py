"""A new file beside the target, which takes its name when it is proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbops.disk import disk_errors, fsync_path, spool
from dbops.engines.base import Contents, Source, summarised
from dbops.engines.options import Options
from dbops.engines.sqlite.connect import opened
from dbops.engines.sqlite.contents import find_damage, read_contents
from dbops.errors import BackupDamagedError, RestoreRefusedError, TargetExistsError
from dbops.steps import step

DRAFT_SUFFIX = "-restoring"
# SQLite would replay or roll back from these into a file of their name.
SIDE_SUFFIXES = ("-wal", "-shm", "-journal")


def new_target(options: Options, into: str) -> str:
    """Return the absolute path of a file to create; refuse one that is there.

    A relative path is taken from the project's root, never from here.
    """
    path = options.project_root / into
    if not into or path.is_dir() or "://" in into or "\0" in into:
        # It is not repeated: it may be a URL with a password.
        raise RestoreRefusedError(
            "What --into says cannot be the file of a new database.",
            why="it is empty, a folder, or a URL",
            fix="give a file, as in --into stateset_copy.db",
        )
    if not path.parent.is_dir():
        raise RestoreRefusedError(
            f"{path.name!r} was not created.",
            why=f"there is no folder {path.parent}",
            fix="make that folder first, or choose another --into",
        )
    for suffix in ("", *SIDE_SUFFIXES):
        _require_absent(path.with_name(path.name + suffix))
    return str(path)


@contextmanager
def drafted(
    source: Source,
    target: str,
    *,
    like: Contents,
    check: Callable[[Contents], None],
) -> Iterator[str]:
    """Write the dump to a file beside ``target``, prove it, and give its path."""
    path = Path(target)
    draft = path.with_name(path.name + DRAFT_SUFFIX)
    try:
        # What a killed restore left; the lease says that none is running.
        remove(draft)
        with step("decode"):
            spool(source.chunks, draft, size_bytes=source.size_bytes)
        with step("count"), opened(draft) as database:
            damage = find_damage(database)
            found = read_contents(database, like.database)
        if damage:
            raise BackupDamagedError(
                "The restored file is not a sound database.",
                why=summarised(damage),
                fix="use another backup (list_backups)",
            )
        check(found)
        yield str(draft)
    finally:
        remove(draft)


def name_draft(draft: str, into: str) -> None:
    """Give a draft the name of a file that is not there."""
    path = Path(into)
    with disk_errors(f"{path.name} was not written.", path.parent):
        fsync_path(Path(draft))
        _require_absent(path)
        Path(draft).rename(path)
        fsync_path(path.parent)


def remove(path: Path) -> None:
    """Remove a database file and what lies beside it."""
    for suffix in ("", *SIDE_SUFFIXES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _require_absent(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise TargetExistsError(
            f"The file {path.name!r} was not created.",
            why=f"{path} is there already",
            fix="choose another name for --into, or move that file away first",
        )
