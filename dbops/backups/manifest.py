"""The truth about one backup, kept beside it as JSON.

Its last key is a digest of all others, so a change by hand or by a failing disk
shows. That is no signature: who can write here can also forge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from dbops.backups.compression import Compression, parse_compression
from dbops.backups.measuring import Measure
from dbops.engines.base import Contents
from dbops.errors import BackupDamagedError
from stateset.lib.errors import UsageError

FORMAT = 1
SUFFIX = ".manifest.json"
DIGEST = "manifest_sha256"
ANOTHER = "use another backup (list_backups), and make a new one"


@dataclass(frozen=True)
class Manifest:
    """What was backed up, when, how, and what the stored bytes must be."""

    id: str
    kind: str
    project: str
    environment: str
    alias: str
    engine: str
    started_at: datetime
    finished_at: datetime
    seconds: Mapping[str, float]
    contents: Contents
    file_name: str
    compression: Compression
    plain: Measure
    stored: Measure
    app_version: str
    django_version: str
    host: str
    reason: str
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.id + SUFFIX

    @property
    def rows(self) -> int:
        return sum(self.contents.tables.values())


def write_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored."""
    values = _as_dict(manifest)
    values[DIGEST] = _digest(values)
    return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"


def read_manifest(name: str, content: bytes) -> Manifest:
    """Return the manifest that ``content`` holds.

    Raises BackupDamagedError when it was altered, is not a manifest, or comes
    from a newer release.
    """
    try:
        values = json.loads(content)
        digest = values.pop(DIGEST)
        number = values["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(name, "it is not a manifest of this project") from error
    if number != FORMAT:
        raise BackupDamagedError(
            f"{name} was not read.",
            why=f"its format is {number!r}, this release knows {FORMAT}",
            fix="use the release that wrote it, or a newer one",
        )
    if digest != _digest(values):
        raise _unreadable(name, "it was altered after it was written")
    try:
        manifest = _from_dict(values)
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise _unreadable(name, f"it lacks or misspells {error}") from error
    if manifest.name != name:
        raise _unreadable(name, f"it belongs to {manifest.id}")
    return manifest


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    contents = manifest.contents
    return {
        "format": FORMAT,
        "id": manifest.id,
        "kind": manifest.kind,
        "project": manifest.project,
        "environment": manifest.environment,
        "alias": manifest.alias,
        "engine": manifest.engine,
        "started_at": manifest.started_at.isoformat(),
        "finished_at": manifest.finished_at.isoformat(),
        "seconds": dict(manifest.seconds),
        "reason": manifest.reason,
        "database": {
            "name": contents.database,
            "bytes": contents.size_bytes,
            "server_version": contents.server_version,
            "client_version": contents.client_version,
            "properties": dict(contents.properties),
        },
        "tables": [
            {"name": name, "rows": rows} for name, rows in contents.tables.items()
        ],
        "migrations": [{"app": app, "name": name} for app, name in contents.migrations],
        "file": {
            "name": manifest.file_name,
            "compression": str(manifest.compression),
            "plain": _measure_dict(manifest.plain),
            "stored": _measure_dict(manifest.stored),
        },
        "app_version": manifest.app_version,
        "django_version": manifest.django_version,
        "host": manifest.host,
        "warnings": list(manifest.warnings),
    }


def _from_dict(values: Mapping[str, Any]) -> Manifest:
    database = values["database"]
    file = values["file"]
    contents = Contents(
        database=database["name"],
        size_bytes=database["bytes"],
        server_version=database["server_version"],
        client_version=database["client_version"],
        tables={table["name"]: table["rows"] for table in values["tables"]},
        migrations=tuple((each["app"], each["name"]) for each in values["migrations"]),
        properties=database["properties"],
    )
    return Manifest(
        id=values["id"],
        kind=values["kind"],
        project=values["project"],
        environment=values["environment"],
        alias=values["alias"],
        engine=values["engine"],
        started_at=datetime.fromisoformat(values["started_at"]),
        finished_at=datetime.fromisoformat(values["finished_at"]),
        seconds=values["seconds"],
        contents=contents,
        file_name=file["name"],
        compression=parse_compression(file["compression"]),
        plain=_measure(file["plain"]),
        stored=_measure(file["stored"]),
        app_version=values["app_version"],
        django_version=values["django_version"],
        host=values["host"],
        reason=values["reason"],
        warnings=tuple(values["warnings"]),
    )


def _measure_dict(measure: Measure) -> dict[str, Any]:
    return {"sha256": measure.sha256, "bytes": measure.size_bytes}


def _measure(values: Mapping[str, Any]) -> Measure:
    return Measure(values["sha256"], values["bytes"])


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _unreadable(name: str, why: str) -> BackupDamagedError:
    return BackupDamagedError(f"{name} was not read.", why=why, fix=ANOTHER)
