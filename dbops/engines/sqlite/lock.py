"""A lock file beside the database; the system frees it with the process."""

from __future__ import annotations

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dbops.disk import disk_errors
from dbops.errors import OperationBusyError

SUFFIX = "-lease"
BEGUN = "another run has just begun"


@contextmanager
def lock(path: Path, holder: str) -> Iterator[None]:
    """Hold the lease of the database file ``path``, which need not be there yet."""
    lease = path.with_name(path.name + SUFFIX)
    with disk_errors(f"The lease of {path.name} was not taken.", path.parent):
        descriptor = _locked(path, lease)
    try:
        since = datetime.now(UTC)
        text = f"{holder} holds it since {since:%Y-%m-%d %H:%M:%S} UTC"
        with disk_errors(f"The lease of {path.name} was not taken.", path.parent):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, text.encode(), 0)
        yield
    finally:
        # Removed while it is still locked; whoever waits for it looks again.
        lease.unlink(missing_ok=True)
        os.close(descriptor)


def lease_holder(path: Path) -> str | None:
    """Return who holds the lease of the database file ``path``, None if nobody."""
    lease = path.with_name(path.name + SUFFIX)
    with disk_errors(f"The lease of {path.name} was not read.", path.parent):
        try:
            descriptor = os.open(lease, os.O_RDONLY)
        except FileNotFoundError:
            return None
        except PermissionError:
            # Whether it is held cannot be seen, so nobody may say that it is free.
            owner = _owner(lease)
            return owner and f"a run of the user {owner} holds it, or was killed"
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(descriptor, 1000, 0).decode(errors="replace") or BEGUN
        finally:
            os.close(descriptor)
    return None


def _locked(path: Path, lease: Path) -> int:
    while True:
        try:
            descriptor = os.open(lease, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            if owner := _owner(lease):
                raise _of_another(path, lease, owner) from None
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lease.exists() and os.path.samestat(os.fstat(descriptor), lease.stat()):
                return descriptor
        except BlockingIOError:
            raise _busy(path, descriptor) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _owner(lease: Path) -> str | None:
    """Return whose lease file it is, None if there is none."""
    try:
        user = lease.stat().st_uid
    except FileNotFoundError:
        return None
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _of_another(path: Path, lease: Path, owner: str) -> OperationBusyError:
    return OperationBusyError(
        f"The database {path.name!r} is being worked on.",
        why=f"a run of the user {owner} holds it, or was killed: {lease} is theirs",
        fix=f"wait until it is done; if none of theirs runs, remove {lease}",
    )


def _busy(path: Path, descriptor: int) -> OperationBusyError:
    why = os.pread(descriptor, 1000, 0).decode(errors="replace")
    os.close(descriptor)
    return OperationBusyError(
        f"The database {path.name!r} is being worked on.",
        why=why or BEGUN,
        fix="wait until it is done, then try again",
    )
