"""Small JSON objects beside the backups: how they are written, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dbops.backups.storage import BackupStorage


def write_object(storage: BackupStorage, name: str, values: Mapping[str, Any]) -> None:
    """Put the values in the place of what the name held before."""
    content = json.dumps(values, indent=2, ensure_ascii=False, default=_written)
    storage.put(name, content.encode() + b"\n")


def read_object(storage: BackupStorage, name: str) -> dict[str, Any] | None:
    """Return what the name holds, None where that is no JSON object.

    Raises StorageError for what is not there or cannot be read.
    """
    with storage.open(name) as file:
        content = file.read()
    try:
        values = json.loads(content)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
