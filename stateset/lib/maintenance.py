"""Maintenance mode: pages answer 503 and tasks wait while a database is replaced.

The flag is a file in APP__VAR_DIR, outside of any database. Who raised it holds a
lock on it, so one left by a process that is gone is recognised, and counts for
nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from stateset.lib import conf
from stateset.lib.errors import BUSY, StatesetError

FILE_NAME = "maintenance.json"
RETRY_AFTER_SECONDS = 30
BY_HAND = "by hand"
"""Who holds a flag that a person made, as with ``touch``: it is up until removed."""


class MaintenanceError(StatesetError):
    """The database is being replaced; trying later will do."""

    exit_code = BUSY


@dataclass(frozen=True)
class Maintenance:
    """Why pages and tasks wait: what is done, why, since when, by which process."""

    what: str
    why: str
    since: datetime
    holder: str


def maintenance_file() -> Path:
    """Return where the flag lies while it is up."""
    return conf.var_folder() / FILE_NAME


def current_maintenance() -> Maintenance | None:
    """Return what the flag says, nothing when it is down or its process is gone.

    Cost where it is down: one look for a file.
    """
    try:
        descriptor = os.open(maintenance_file(), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        found = _read(descriptor)
        if found.holder != BY_HAND and _is_abandoned(descriptor):
            return None
        return found
    finally:
        os.close(descriptor)


def require_no_maintenance(what: str) -> None:
    """Raise MaintenanceError, which says ``what`` was not done, while it is on."""
    found = current_maintenance()
    if found is not None:
        raise MaintenanceError(
            what,
            why=f"maintenance mode is on since {found.since:%Y-%m-%d %H:%M:%S} UTC:"
            f" {found.what} ({found.holder})",
            fix="wait until it is off, then try again",
        )


@contextmanager
def maintenance(what: str, *, why: str = "") -> Iterator[None]:
    """Keep the flag up while the block runs; raise MaintenanceError if it is up."""
    require_no_maintenance(f"{what.capitalize()} was not begun.")
    path = maintenance_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    holder = f"{os.getpid()}@{socket.gethostname()}"
    flag = Maintenance(what, why, datetime.now(UTC), holder)
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        # Whatever the umask: every process has to read it, also another user's.
        os.fchmod(descriptor, 0o644)
        # Locked before it has its name: nobody finds it without its lock.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = json.dumps({**asdict(flag), "since": flag.since.isoformat()})
        os.write(descriptor, text.encode() + b"\n")
        draft.rename(path)
        yield
    finally:
        draft.unlink(missing_ok=True)
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            path.unlink()
        os.close(descriptor)


def _is_abandoned(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: it cannot be told, so the flag counts.
        return False
    return True


def _read(descriptor: int) -> Maintenance:
    content = os.pread(descriptor, 100_000, 0)
    try:
        values = json.loads(content)
        return Maintenance(
            **{**values, "since": datetime.fromisoformat(values["since"])}
        )
    except (ValueError, KeyError, TypeError):
        since = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, tz=UTC)
        return Maintenance("maintenance", "", since, BY_HAND)
