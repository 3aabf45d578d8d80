"""A file takes the place of another one, while other programs have it open.

The order is what keeps every commit: the fence goes up, so nobody writes; the
write-ahead log is emptied into the file; the file gets its second name; the side
files move to it; the new file takes the live name in one step. Killed anywhere, the
live name stands for one whole database, at worst one that refuses writes until the
next restore (``mend``).
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dbops.disk import disk_errors, fsync_path
from dbops.engines.sqlite.connect import BUSY_SECONDS, opened
from dbops.engines.sqlite.dump import copy_database
from dbops.engines.sqlite.fence import lower_fence, raise_fence
from dbops.engines.sqlite.restore import (
    DRAFT_SUFFIX,
    SIDE_SUFFIXES,
    name_draft,
    remove,
)
from dbops.engines.verbs.swap import KeptCopy, LiveState, SwapVerbs
from dbops.errors import DatabaseUnavailableError, RestoreRefusedError

KEPT = "-old-"
STAMP = r"\d{8}_\d{6}"
CHECKPOINT_PAUSE_SECONDS = 0.05
# Rows unmoved by a margin this wide may have been issued and lost.
UNKNOWN_GAP = 1_000_000


class SqliteSwap(SwapVerbs):
    """The verbs of putting a restored database in the place of the live one."""

    @property
    def short_name(self) -> str:
        return self._live.name

    def look(self) -> LiveState:
        # Of which only the folder must be there, as for a file that was lost.
        with disk_errors(f"{self._live.name} was not found.", self._live.parent):
            free = shutil.disk_usage(self._live.parent).free
        return LiveState(is_there=self._live.is_file(), free_bytes=free)

    def require_swappable(self, stamp: str) -> None:
        if not os.access(self._live.parent, os.W_OK):
            raise RestoreRefusedError(
                f"{self._live.name!r} was not replaced; it is as it was.",
                why=f"{self._live.parent} cannot be written by this user",
                fix="use the user that the database belongs to",
            )

    def settings_of(self, name: str) -> dict[str, Any]:
        settings = self.connection.settings_dict
        options = {**settings["OPTIONS"], "mode": "rw"}
        return {**settings, "NAME": name, "OPTIONS": options}

    def mend(self) -> None:
        if not self._live.is_file():
            return
        for copy in self._kept_files():
            if copy.samefile(self._live):
                # Killed between the second name and the exchange.
                copy.unlink()
        try:
            with opened(self._live, mode="rw") as database:
                lower_fence(database)
        except DatabaseUnavailableError:
            # It is broken, and so has no fence that would hold anybody.
            return

    def swap(self, draft: str, stamp: str, *, is_readable: bool = True) -> list[str]:
        kept, new = Path(self.kept_name(stamp)), Path(draft)
        _settle(new)
        if not self._live.exists():
            _move_sides(self._live, kept)
            name_draft(draft, str(self._live))
            return []
        if not is_readable:
            _exchange(self._live, new, kept)
            return []
        with opened(self._live, mode="rw") as database:
            raise_fence(database)
            try:
                _empty_log(database, self._live)
                database.execute("BEGIN EXCLUSIVE")
                _exchange(self._live, new, kept)
            except BaseException:
                if not kept.exists() or kept.samefile(self._live):
                    _give_up(database, kept)
                raise
            database.execute("COMMIT")
        return []

    def kept_name(self, stamp: str) -> str:
        return str(self._live.with_name(f"{self._live.name}{KEPT}{stamp}"))

    def kept_copies(self) -> list[KeptCopy]:
        found = [
            KeptCopy(
                str(path),
                path.name[-len("YYYYmmdd_HHMMSS") :],
                path.stat().st_size,
                f"rm {path} {path}-*",
            )
            for path in self._kept_files()
            if not (self._live.exists() and path.samefile(self._live))
        ]
        return sorted(found, key=lambda each: each.stamp, reverse=True)

    @contextmanager
    def reopened(self, kept: str) -> Iterator[str]:
        # A copy: a program may have the kept file itself open still, side files too.
        draft = self._live.with_name(self._live.name + DRAFT_SUFFIX)
        try:
            remove(draft)
            copy_database(Path(kept), draft)
            with opened(draft, mode="rw") as database:
                lower_fence(database)
            yield str(draft)
            remove(Path(kept))
        finally:
            remove(draft)

    def advance_identities(self, draft: str, live: str | None) -> int:
        issued = None
        if live is not None:
            with opened(Path(live)) as database:
                issued = _sequences(database)
        with opened(Path(draft), mode="rw") as restored:
            return _advance(restored, issued)

    @property
    def _live(self) -> Path:
        return Path(self.connection.settings_dict["NAME"])

    def _kept_files(self) -> list[Path]:
        form = re.compile(re.escape(self._live.name + KEPT) + STAMP)
        return [
            path for path in self._live.parent.iterdir() if form.fullmatch(path.name)
        ]


def _settle(new: Path) -> None:
    """Bring everything of the new database into its one file, and to the disk."""
    with opened(new, mode="rw") as database:
        _empty_log(database, new)
    for suffix in SIDE_SUFFIXES:
        new.with_name(new.name + suffix).unlink(missing_ok=True)
    with disk_errors(f"{new.name} was not written.", new.parent):
        fsync_path(new)


def _empty_log(database: sqlite3.Connection, path: Path) -> None:
    """Bring the write-ahead log into the file and cut it to nothing.

    Nobody writes behind the fence, but a reader may be in the middle of the log.
    """
    give_up_at = time.monotonic() + BUSY_SECONDS
    while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > give_up_at:
            raise RestoreRefusedError(
                f"{path.name!r} was not replaced; it is as it was.",
                why=f"somebody has been reading it for {BUSY_SECONDS:g} seconds",
                fix="end what reads it, then try again",
            )
        time.sleep(CHECKPOINT_PAUSE_SECONDS)


def _exchange(live: Path, new: Path, kept: Path) -> None:
    """Give the live file a second name, and the new one the live name in one step."""
    with disk_errors(f"{live.name} was not replaced.", live.parent):
        try:
            os.link(live, kept)
        except OSError:
            # A file system without second names; nobody writes meanwhile.
            shutil.copyfile(live, kept)
            fsync_path(kept)
        was = live.stat()
        new.chmod(was.st_mode & 0o777)
        if (was.st_uid, was.st_gid) != (new.stat().st_uid, new.stat().st_gid):
            # A restore by root would shut the site out of its own database.
            os.chown(new, was.st_uid, was.st_gid)
        with _move_sides(live, kept) as back:
            new.replace(live)
            back.pop_all()
        fsync_path(live.parent)


def _move_sides(live: Path, kept: Path) -> ExitStack:
    """Move what lies beside a file, and return what moves it back."""
    back = ExitStack()
    for suffix in SIDE_SUFFIXES:
        side = live.with_name(live.name + suffix)
        if side.exists():
            moved = side.rename(kept.with_name(kept.name + suffix))
            back.callback(moved.rename, side)
    return back


def _give_up(database: sqlite3.Connection, kept: Path) -> None:
    if database.in_transaction:
        database.execute("ROLLBACK")
    kept.unlink(missing_ok=True)
    lower_fence(database)


def _sequences(database: sqlite3.Connection) -> dict[str, int]:
    table = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if database.execute(table).fetchone() is None:
        return {}
    rows = database.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    return {name: int(seq or 0) for name, seq in rows}


def _advance(restored: sqlite3.Connection, issued: dict[str, int] | None) -> int:
    own = _sequences(restored)
    names = own if issued is None else {**issued, **own}
    moved = 0
    for name in names:
        value = own.get(name, 0)
        wanted = value + UNKNOWN_GAP if issued is None else issued.get(name, 0)
        if wanted <= value:
            continue
        statement = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
        if name not in own:
            statement = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)"
        restored.execute(statement, [wanted, name])
        moved += 1
    return moved
