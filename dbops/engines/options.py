"""What the project sets for all engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MOST_JOBS = 64
"""Connections that may dump or load one database together."""


@dataclass(frozen=True)
class Options:
    """What the project sets for all engines."""

    client_folders: tuple[Path, ...] = ()
    lock_wait_seconds: int = 60
    silence_seconds: float = 900.0
    backup_jobs: int = 1
    restore_jobs: int = 2
    runtime_tables: tuple[str, ...] = ()
    project_root: Path = field(default_factory=Path.cwd)
