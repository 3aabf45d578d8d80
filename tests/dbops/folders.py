"""What lies in a folder, past our own code."""

from __future__ import annotations

from pathlib import Path


def names(folder: Path) -> list[str]:
    """Return the names in it, in order; a folder that is not there has none."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
