"""How a dump is packed: always one layer, always one the standard tools open."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import zstandard

from stateset.lib.errors import UsageError

DEFAULT = "zstd"
SUFFIXES = {"zstd": ".zst", "gzip": ".gz", "none": ""}
# Level 3 was slower here and its files were larger: docs/adr.
ZSTD_LEVEL = 1
ZSTD_LEVELS = range(1, 20)
ZSTD_THREADS = 2
# What a thread takes at a time, the least there is: zstd's own choice needs 9 MiB
# more for files no smaller; deeper levels look back further.
ZSTD_JOB_BYTES = 512 * 1024
GZIP_LEVEL = 6
# A frame may ask its reader for memory; what level 19 needs is enough.
ZSTD_WINDOW_BYTES = 128 * 1024 * 1024

UNPACKING_ERRORS = (zstandard.ZstdError, zlib.error, gzip.BadGzipFile, EOFError)


@dataclass(frozen=True)
class Compression:
    """A method and, for zstd, its level."""

    method: str
    level: int = 0

    def __str__(self) -> str:
        return f"{self.method}:{self.level}" if self.level else self.method

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.method]

    @contextmanager
    def writer(self, target: Any) -> Iterator[Any]:
        """Pack what is written into ``target``, which stays open.

        The end is written only when the block ends well.
        """
        if self.method == "none":
            yield target
            return
        packer: Any
        if self.method == "gzip":
            packer = gzip.GzipFile(
                filename="",
                mode="wb",
                compresslevel=GZIP_LEVEL,
                fileobj=target,
                mtime=0,
            )
        else:
            parameters = zstandard.ZstdCompressionParameters.from_level(
                self.level,
                write_checksum=True,
                threads=ZSTD_THREADS,
                job_size=ZSTD_JOB_BYTES if self.level == ZSTD_LEVEL else 0,
            )
            packer = zstandard.ZstdCompressor(
                compression_params=parameters
            ).stream_writer(target, closefd=False)
        yield packer
        packer.close()

    def reader(self, source: IO[bytes]) -> Any:
        """Return what unpacks ``source``.

        It may take a file cut short for a whole one: count what comes out.
        """
        if self.method == "none":
            return source
        if self.method == "gzip":
            return gzip.GzipFile(fileobj=source, mode="rb")
        return zstandard.ZstdDecompressor(
            max_window_size=ZSTD_WINDOW_BYTES
        ).stream_reader(source, read_across_frames=True, closefd=False)


def parse_compression(text: str) -> Compression:
    """Return what ``zstd``, ``zstd:9``, ``gzip`` or ``none`` stand for."""
    match = re.fullmatch(r"(zstd)(?::(\d{1,2}))?|gzip|none", text)
    level = int(match[2] or ZSTD_LEVEL) if match and match[1] else 0
    if match is None or (match[1] and level not in ZSTD_LEVELS):
        raise UsageError(
            f"The compression {text!r} is not known.",
            why="allowed are zstd, zstd:1 to zstd:19, gzip and none",
            fix="leave --compression out for zstd:1",
        )
    return Compression(match[1] or text, level)
