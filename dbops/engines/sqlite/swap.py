"""The restored rows take the place of the live ones in the live file itself.

As one transaction of SQLite's own: a program that has the file open goes on with the
new rows at its next statement, none writes into a file that was moved away under it,
and a kill leaves the old rows. While that transaction holds the write lock, and so
before it can overwrite anything, the old rows are copied to the kept file; nobody's
commit falls between the two.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dbops.disk import disk_errors, fsync_path
from dbops.engines.sqlite.connect import BUSY_SECONDS, opened
from dbops.engines.sqlite.dump import copy_database
from dbops.engines.sqlite.restore import (
    DRAFT_SUFFIX,
    SIDE_SUFFIXES,
    name_draft,
    remove,
)
from dbops.engines.verbs.swap import KeptCopy, LiveState, SwapVerbs
from dbops.errors import DatabaseUnavailableError, RestoreRefusedError

KEPT = "-old-"
KEEPING_SUFFIX = "-keeping"
STAMP = r"\d{8}_\d{6}"
STAMP_LENGTH = 15
STEPS = 8
# The year 2000: from there the seconds fit until 2068.
ZERO = 946_684_800
# Rows unmoved by a margin this wide may have been issued and lost.
UNKNOWN_GAP = 1_000_000


class SqliteSwap(SwapVerbs):
    """The verbs of putting a restored database in the place of the live one."""

    def look(self) -> LiveState:
        # Of which only the folder must be there, as for a file that was lost.
        with disk_errors(f"{self._live.name} was not found.", self._live.parent):
            free = shutil.disk_usage(self._live.parent).free
        return LiveState(
            is_there=self._live.is_file(),
            sessions="not counted; they go on in the restored rows",
            free_bytes=free,
        )

    def room_for(self, size_bytes: int) -> int:
        # The draft, the same once more in the write-ahead log, and the kept copy.
        kept = self._live.stat().st_size if self._live.is_file() else 0
        return 2 * size_bytes + kept

    def spool_for(self, dump_bytes: int) -> int:
        # It is unpacked to where it is to be.
        return 0

    def require_swappable(self, stamp: str) -> None:
        if not os.access(self._live.parent, os.W_OK):
            raise RestoreRefusedError(
                f"{self._live.name!r} was not replaced; it is as it was.",
                why=f"{self._live.parent} cannot be written by this user",
                fix="use the user that the database belongs to",
            )

    def settings_of(self, name: str) -> dict[str, Any]:
        settings = self.connection.settings_dict
        # Without the write-ahead log, whose files would stay beside it.
        options = {**settings["OPTIONS"], "mode": "rw", "init_command": ""}
        return {**settings, "NAME": name, "OPTIONS": options}

    def mend(self) -> None:
        remove(self._keeping)

    def swap(self, draft: str, stamp: str, *, is_readable: bool = True) -> list[str]:
        kept, new = Path(self.kept_name(stamp)), Path(draft)
        if not (is_readable and self._live.exists()):
            _settle(new, stamp)
            _move(self._live, kept, ("", *SIDE_SUFFIXES))
            name_draft(draft, str(self._live))
            return []
        try:
            with opened(self._live, mode="rw") as live:
                _settle(new, stamp, page_size=_pragma(live, "page_size"))
                # In another mode nobody could copy it while it is locked.
                live.execute("PRAGMA journal_mode = WAL")
                live.execute("PRAGMA synchronous = FULL")
                with opened(new) as restored:
                    self._overwrite(live, restored, kept)
                # Whoever reads just now keeps it from being done; then others do it.
                live.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except BaseException:
            remove(self._keeping)
            raise
        return []

    def is_swapped(self, stamp: str, *, had_live: bool) -> bool:
        return self._live_mark() == _mark(stamp)

    def leftovers(self, stamp: str) -> list[str]:
        kept = Path(self.kept_name(stamp))
        found = [
            f"{path.name}, half made"
            for path in (self._draft, self._keeping)
            if path.exists()
        ]
        if kept.exists() and self._is_whole():
            found.append(f"{kept.name}, a copy of the live one")
        elif kept.exists():
            found.append(f"{kept.name}, which was the live one")
        return found

    def take_back(self, stamp: str) -> None:
        kept = Path(self.kept_name(stamp))
        if kept.exists() and self._is_blank():
            # Whoever connects where the file was moved away makes an empty one.
            remove(self._live)
        if not self._live.exists():
            # The file itself at last: until then this can be done again.
            _move(kept, self._live, (*SIDE_SUFFIXES, ""))
        elif self._is_whole():
            # A copy of what is live, whose rows the safety backup has as well.
            remove(kept)
        remove(self._keeping)
        remove(self._draft)

    def kept_name(self, stamp: str) -> str:
        return str(self._live.with_name(f"{self._live.name}{KEPT}{stamp}"))

    def kept_copies(self) -> list[KeptCopy]:
        form = re.compile(re.escape(self._live.name + KEPT) + STAMP)
        found = [
            KeptCopy(
                str(path),
                path.name[-STAMP_LENGTH:],
                path.stat().st_size,
                f"rm {shlex.quote(str(path))} {shlex.quote(f'{path}-')}*",
            )
            for path in self._live.parent.iterdir()
            if form.fullmatch(path.name)
        ]
        return sorted(found, key=lambda each: each.stamp, reverse=True)

    @contextmanager
    def reopened(self, kept: str) -> Iterator[str]:
        # A copy, so that the kept one is as it was when anything fails.
        draft = self._draft
        try:
            remove(draft)
            copy_database(Path(kept), draft)
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

    @property
    def _draft(self) -> Path:
        return self._live.with_name(self._live.name + DRAFT_SUFFIX)

    @property
    def _keeping(self) -> Path:
        return self._live.with_name(self._live.name + KEEPING_SUFFIX)

    def _overwrite(
        self, live: sqlite3.Connection, restored: sqlite3.Connection, kept: Path
    ) -> None:
        """Copy all pages in one transaction; keep the old ones at its first step."""
        give_up_at = time.monotonic() + BUSY_SECONDS
        is_kept = False

        def step(status: int, _remaining: int, _total: int) -> None:
            nonlocal is_kept
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                if time.monotonic() > give_up_at:
                    raise _busy(self._live)
            elif not is_kept:
                self._keep(kept)
                is_kept = True

        # Never all pages in the first step, after which the copy must be made.
        pages = max(1, _pragma(restored, "page_count") // STEPS)
        try:
            restored.backup(live, pages=pages, progress=step, sleep=0.05)
        except BaseException:
            if is_kept:
                remove(kept)
            raise

    def _keep(self, kept: Path) -> None:
        """Copy what is committed; the write lock is held by ourselves."""
        copy_database(self._live, self._keeping)
        with disk_errors(f"{kept.name} was not written.", kept.parent):
            fsync_path(self._keeping)
            self._keeping.rename(kept)
            fsync_path(kept.parent)

    def _is_whole(self) -> bool:
        """Tell whether the live file can be read and holds anything."""
        return self._live_mark() is not None and not self._is_blank()

    def _is_blank(self) -> bool:
        """Tell whether the live file is a database without a table."""
        if not self._live.is_file():
            return False
        try:
            with opened(self._live) as live:
                return not live.execute("SELECT 1 FROM sqlite_master").fetchone()
        except DatabaseUnavailableError:
            return False

    def _live_mark(self) -> int | None:
        """Return the mark of the swap that made the live file, None if unreadable."""
        if not self._live.is_file():
            return None
        try:
            with opened(self._live) as live:
                return _pragma(live, "user_version")
        except DatabaseUnavailableError:
            return None


def _move(source: Path, target: Path, suffixes: Sequence[str]) -> None:
    """Move a broken or half lost database, with what lies beside it, in this order."""
    with disk_errors(f"{source.name} was not moved.", source.parent):
        for suffix in suffixes:
            path = source.with_name(source.name + suffix)
            if path.exists():
                path.rename(target.with_name(target.name + suffix))


def _settle(new: Path, stamp: str, *, page_size: int = 0) -> None:
    """Bring everything of the new database into its one file, and to the disk.

    Its header gets a mark, by which the live file tells that it was replaced.
    """
    with opened(new, mode="rw") as database:
        database.execute(f"PRAGMA user_version = {_mark(stamp)}")
        database.execute("PRAGMA journal_mode = DELETE")
        if page_size and _pragma(database, "page_size") != page_size:
            # Pages can only be copied over pages of their own size.
            database.execute(f"PRAGMA page_size = {page_size}")
            database.execute("VACUUM")
    with disk_errors(f"{new.name} was not written.", new.parent):
        fsync_path(new)


def _mark(stamp: str) -> int:
    """Return the seconds of a swap's time: what fits into a header of 32 bits."""
    return int(datetime.strptime(f"{stamp}+0000", "%Y%m%d_%H%M%S%z").timestamp() - ZERO)


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _busy(live: Path) -> RestoreRefusedError:
    return RestoreRefusedError(
        f"{live.name!r} was not replaced; it is as it was.",
        why=f"others wrote to it without a pause for {BUSY_SECONDS:g} seconds",
        fix="end what writes to it, then try again",
    )


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
