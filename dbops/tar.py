"""A folder of plain files as one tar, written and read as a stream.

Nothing in it says who made it or when: the same files give the same bytes.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from tarfile import (
    BLOCKSIZE,
    GNU_FORMAT,
    REGTYPE,
    HeaderError,
    TarInfo,
)
from typing import Any

from dbops.disk import CHUNK_BYTES, chunks_of, disk_errors, require_space, write_all
from dbops.errors import BackupDamagedError

# No folder, nothing hidden, no way up.
NAME = re.compile(r"\w[\w.-]*", re.ASCII)
END = bytes(2 * BLOCKSIZE)
PRIVATE = 0o600


class _UnfitError(Exception):
    """What is read is no such tar."""


def tar_chunks(folder: Path, *, is_emptied: bool = False) -> Iterator[bytes]:
    """Yield the files of a folder as a tar.

    With ``is_emptied`` each file is removed as soon as it was read, so that whoever
    keeps the chunks needs no room for both.
    """
    for path in sorted(folder.iterdir()):
        info = TarInfo(path.name)
        info.size = path.stat().st_size
        info.mode = PRIVATE
        # GNU's form takes files of any size, and every tar reads it.
        yield info.tobuf(GNU_FORMAT)
        yield from chunks_of(path)
        yield bytes(-info.size % BLOCKSIZE)
        if is_emptied:
            path.unlink()
    yield END


def tar_size(folder: Path) -> int:
    """Return how many bytes ``tar_chunks`` will yield."""
    sizes = [path.stat().st_size for path in folder.iterdir()]
    padded = sum(size + -size % BLOCKSIZE + BLOCKSIZE for size in sizes)
    return padded + len(END)


def unpack_foreign(file: Path, folder: Path) -> Path:
    """Unpack a tar that another program made of one folder, and return that folder.

    Its files may lie at the top or in a folder of their own; links and everything but
    plain files are refused. Raises BackupDamagedError, or DiskError before anything
    is written when there is no room.
    """
    what = f"{file.name} was not unpacked."
    try:
        with tarfile.open(file, "r:") as tar, disk_errors(what, folder.parent):
            members = [each for each in tar.getmembers() if not each.isdir()]
            places = {Path(each.name).parent for each in members}
            if len(places) > 1:
                raise _foreign(file, "its files lie in several folders")
            require_space(folder.parent, sum(each.size for each in members), what)
            folder.mkdir(mode=0o700)
            for member in members:
                name = Path(member.name).name
                if not member.isreg() or not NAME.fullmatch(name):
                    raise _foreign(file, f"{member.name!r} in it is no plain file")
                _copy_out(tar, member, folder / name)
    except tarfile.TarError as error:
        raise _foreign(file, f"it is no whole tar: {error}") from error
    return folder


def untar(
    chunks: Iterable[bytes | memoryview], folder: Path, *, size_bytes: int
) -> None:
    """Write the files of a tar into a new private folder; ``size_bytes`` in all.

    Plain files without a folder are taken and nothing else, each name once. The
    chunks are read to their end before anything is said of them, since whoever
    proves them knows best what is wrong. Raises BackupDamagedError, or DiskError
    before the first chunk when there is no room.
    """
    what = f"{folder.name} was not unpacked."
    require_space(folder.parent, size_bytes, what)
    with disk_errors(what, folder.parent):
        folder.mkdir(mode=0o700)
    stream = _Stream(chunks)
    try:
        while (info := _next_file(stream)) is not None:
            _write_file(stream, info, folder)
    except _UnfitError as error:
        for _ in stream.rest():
            pass
        raise _damaged(str(error)) from error
    if any(piece.tobytes().strip(b"\0") for piece in stream.rest()):
        raise _damaged("more follows after its end")


class _Stream:
    """Gives chunks in pieces of any size."""

    def __init__(self, chunks: Iterable[bytes | memoryview]) -> None:
        # An empty one is not the end.
        self._chunks = filter(len, chunks)
        self._left = memoryview(b"")

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield the next ``size`` bytes; raise _UnfitError where it ends before."""
        while size:
            if not self._left:
                self._left = memoryview(next(self._chunks, b""))
            if not self._left:
                raise _UnfitError("its end is missing")
            piece, self._left = self._left[:size], self._left[size:]
            size -= len(piece)
            yield piece

    def rest(self) -> Iterator[memoryview]:
        """Yield all that was not read yet."""
        yield self._left
        for chunk in self._chunks:
            yield memoryview(chunk)


def _next_file(stream: _Stream) -> TarInfo | None:
    """Return what is said of the next file, None at the end."""
    header = b"".join(stream.pieces(BLOCKSIZE))
    if not header.strip(b"\0"):
        return None
    try:
        info = TarInfo.frombuf(header, "utf-8", "strict")
    except (HeaderError, UnicodeError) as error:
        raise _UnfitError(f"it is no tar at one place: {error}") from error
    if info.type != REGTYPE or not NAME.fullmatch(info.name) or info.size < 0:
        raise _UnfitError(f"{info.name!r} in it is no plain file without a folder")
    return info


def _write_file(stream: _Stream, info: TarInfo, folder: Path) -> None:
    path = folder / info.name
    if path.exists():
        raise _UnfitError(f"{info.name} is in it twice")
    with disk_errors(f"{info.name} was not unpacked.", folder.parent):
        path.touch(mode=PRIVATE, exist_ok=False)
        file = path.open("wb", buffering=0)
    with file:
        for piece in stream.pieces(info.size):
            with disk_errors(f"{info.name} was not unpacked.", folder.parent):
                write_all(file.fileno(), piece)
    for _ in stream.pieces(-info.size % BLOCKSIZE):
        pass


def _copy_out(tar: tarfile.TarFile, member: TarInfo, path: Path) -> None:
    source: Any = tar.extractfile(member)
    path.touch(mode=PRIVATE, exist_ok=False)
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target, CHUNK_BYTES)


def _foreign(file: Path, why: str) -> BackupDamagedError:
    return BackupDamagedError(
        f"{file.name} was not restored.",
        why=why,
        fix="use another file, or give the directory that pg_dump made",
    )


def _damaged(why: str) -> BackupDamagedError:
    return BackupDamagedError(
        "The dump cannot be unpacked.",
        why=why,
        fix="use another backup (list_backups), and make a new one",
    )
