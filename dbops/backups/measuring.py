"""Hash and count what passes by, on the way in and on the way out."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from dbops.steps import step


@dataclass(frozen=True)
class Measure:
    """What identifies a run of bytes."""

    sha256: str
    size_bytes: int


class Writable(Protocol):
    """Anything that takes bytes."""

    def write(self, chunk: Any, /) -> object: ...


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int = ..., /) -> bytes: ...


class Meter:
    """Adds up chunks; ``measure`` may be asked at any time."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.size_bytes = 0

    def add(self, chunk: bytes | memoryview) -> None:
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    @property
    def measure(self) -> Measure:
        return Measure(self._hash.hexdigest(), self.size_bytes)


class MeteredWriter:
    """Measures what is written, then passes it on."""

    def __init__(self, target: Writable) -> None:
        self._target = target
        self.meter = Meter()

    def write(self, chunk: bytes | memoryview) -> int:
        self.meter.add(chunk)
        self._target.write(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: a packer may ask for it, and every write goes through."""


class MeteredReader:
    """Passes on what is read, and measures it."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.meter = Meter()

    def read(self, size: int = -1) -> bytes:
        with step("fetch"):
            chunk = self._source.read(size)
        self.meter.add(chunk)
        return chunk
