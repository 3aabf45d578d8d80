"""Local files: private folders that clean up, and plain words for a full disk."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from dbops.errors import DbopsError, DiskError
from stateset.lib.reports import render_bytes

WORKSPACE_PREFIX = "stateset-work-"
CHUNK_BYTES = 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(
    what: str, folder: Path, raises: type[DbopsError] = DiskError
) -> Iterator[None]:
    """Say which folder an OSError of the block is about, and how to mend it."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            fix = f"make room in {_place(folder)}, or choose another folder"
        else:
            fix = f"make {folder} a folder that this user can write, or choose another"
        raise raises(what, why=f"{folder}: {error.strerror}", fix=fix) from error


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a private folder in TMPDIR that goes away at the end.

    One left by a killed run is recognised by its lock, which nobody holds, and
    removed by the next run of the same user.
    """
    parent = temporary_folder()
    with disk_errors("No temporary folder was made.", parent):
        _sweep(parent)
        folder, descriptor = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def temporary_folder() -> Path:
    """Return TMPDIR, or what stands for it; raise DiskError if it is not there.

    Python would take another one in silence, and rows would lie where nobody means.
    """
    configured = os.environ.get("TMPDIR")
    if configured and not Path(configured).is_dir():
        raise DiskError(
            "No temporary folder was made.",
            why=f"TMPDIR is {configured}, which is no folder",
            fix="make it, or set TMPDIR to one that is there",
        )
    return Path(tempfile.gettempdir())


def spool(chunks: Iterable[bytes | memoryview], path: Path, *, size_bytes: int) -> None:
    """Write chunks to a new private file, ``size_bytes`` in all.

    A chunk must stay as it is until the next but one is asked for. Raises
    DiskError before the first one when there is no room for them.
    """
    require_space(path.parent, size_bytes, f"{path.name} was not written.")
    path.touch(mode=0o600, exist_ok=False)
    what = f"{path.name} was not written."
    # One chunk is written while the next is unpacked and hashed.
    with path.open("wb", buffering=0) as file, ThreadPoolExecutor(1) as writer:
        written: Future[None] | None = None
        for chunk in chunks:
            with disk_errors(what, path.parent):
                if written is not None:
                    written.result()
                written = writer.submit(write_all, file.fileno(), chunk)
        with disk_errors(what, path.parent):
            if written is not None:
                written.result()


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield what is in a file."""
    with (
        disk_errors(f"{path.name} was not read.", path.parent),
        path.open("rb") as file,
    ):
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    """Write the whole chunk; one call may write less."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def fsync_path(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_space(folder: Path, size_bytes: int, what: str) -> None:
    """Raise DiskError unless ``folder`` can take ``size_bytes`` more."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        place = _place(folder)
        raise DiskError(
            what,
            why=f"{place} has {render_bytes(free)} free,"
            f" {render_bytes(size_bytes)} are needed",
            fix=f"make room in {place}, or choose another folder",
        )


def _place(folder: Path) -> str:
    """Return what to call a folder: a workspace will be gone, its disk is meant."""
    if folder.name.startswith(WORKSPACE_PREFIX):
        return f"{folder.parent} (TMPDIR)"
    return str(folder)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=WORKSPACE_PREFIX, dir=parent))
        # Another run may sweep it away before it is opened, or before it is locked.
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{WORKSPACE_PREFIX}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
