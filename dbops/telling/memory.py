"""What was told to whom, in a file: it must outlive the database that it is about.

The file is its own lock, and is written where it lies: a full disk has no room for a
new one. What a crash left half written counts as nothing, so it is told once more.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dbops.telling.troubles import Known, Memory, Trouble
from stateset.lib import conf

FILE_NAME = "telling.json"
MOST_BYTES = 1_000_000


@dataclass
class Remembered:
    """What is known to be wrong, when telling was last tried, which way failed then."""

    memory: Memory = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    tried_at: datetime | None = None


def memory_file() -> Path:
    """Return where it lies."""
    return conf.var_folder() / FILE_NAME


@contextmanager
def remembering() -> Iterator[Remembered]:
    """Hold the memory while the block runs, then keep what it has made of it.

    One at a time, so two that find the same trouble tell of it once. Raises OSError
    where it cannot be opened or kept.
    """
    path = memory_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.pread(descriptor, MOST_BYTES, 0)
        remembered = _parse(before)
        yield remembered
        after = _render(remembered)
        if after != before:
            _overwrite(descriptor, after)
    finally:
        os.close(descriptor)


def last_failures() -> dict[str, str]:
    """Return by which way telling failed the last time it was tried, and why.

    Raises OSError where that cannot be read: then nothing can be told either.
    """
    try:
        return _parse(memory_file().read_bytes()).failures
    except FileNotFoundError:
        return {}


def _overwrite(descriptor: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)
    os.ftruncate(descriptor, len(content))


def _render(remembered: Remembered) -> bytes:
    values = {
        "known": [asdict(known) for known in remembered.memory.values()],
        "failures": remembered.failures,
        "tried_at": remembered.tried_at,
    }
    return json.dumps(values, default=datetime.isoformat, indent=1).encode() + b"\n"


def _parse(content: bytes) -> Remembered:
    try:
        values = json.loads(content)
        known = [_known(each) for each in values["known"]]
        failures = {str(name): str(why) for name, why in values["failures"].items()}
        tried_at = _moment(values["tried_at"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Remembered()
    return Remembered({each.trouble.key: each for each in known}, failures, tried_at)


def _known(values: dict[str, Any]) -> Known:
    return Known(
        trouble=Trouble(**values["trouble"]),
        began_at=datetime.fromisoformat(values["began_at"]),
        told_at=_moment(values["told_at"]),
        over_at=_moment(values["over_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
