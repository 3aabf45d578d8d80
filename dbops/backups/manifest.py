"""The truth about one backup, kept beside it as JSON.

Its last key is a digest of all others, so a change by hand or by a failing disk
shows. Before it stands a signature, where there is a key to sign with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from dbops.backups.compression import Compression, parse_compression
from dbops.backups.encryption import SCHEME
from dbops.backups.measuring import Measure
from dbops.backups.signing import SIGNATURE, canonical, find_doubt, sign, signer
from dbops.engines.base import DIRECTORY, ONE_FILE, Contents
from dbops.errors import BackupDamagedError
from stateset.lib.errors import UsageError

# Keys were added since, none was changed: what an older release wrote is read.
FORMAT = 1
# An older release would take an encrypted file for a damaged one.
ENCRYPTED_FORMAT = 2
# Nor does an older one know a dump of several files.
DIRECTORY_FORMAT = 3
POSITION = ("system_identifier", "timeline", "lsn")
SUFFIX = ".manifest.json"
DIGEST = "manifest_sha256"
NOT_FULL = "only a full backup has roles and settings"
ANOTHER = "use another backup (list_backups), and make a new one"


@dataclass(frozen=True)
class StoredFile:
    """One file of a backup: how it is packed, and what its bytes must be.

    ``recipients``: who can decrypt it; nobody, where it is not encrypted. ``form``:
    of a dump, what the engine has to know to read it.
    """

    name: str
    compression: Compression
    plain: Measure
    stored: Measure
    recipients: tuple[str, ...] = ()
    form: str = ONE_FILE


@dataclass(frozen=True)
class Manifest:
    """What was backed up, when, how, and what the stored bytes must be.

    ``surroundings`` is the second file of a full backup, or else why there is none.
    ``doubt``: why, by its signature, it may not be ours.
    """

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
    surroundings: StoredFile | str = NOT_FULL
    snapshot: str = ""
    flags: tuple[str, ...] = ()
    revision: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    recipients: tuple[str, ...] = ()
    form: str = ONE_FILE
    signed_by: str = field(default="", compare=False)
    doubt: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        return self.id + SUFFIX

    @property
    def dump(self) -> StoredFile:
        return StoredFile(
            self.file_name,
            self.compression,
            self.plain,
            self.stored,
            self.recipients,
            self.form,
        )

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """All that must be there, the dump first."""
        if isinstance(self.surroundings, str):
            return (self.dump,)
        return (self.dump, self.surroundings)

    @property
    def size_bytes(self) -> int:
        return sum(file.stored.size_bytes for file in self.files)

    @property
    def rows(self) -> int:
        return sum(self.contents.tables.values())


def write_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored."""
    values = _as_dict(manifest)
    if signature := sign(values):
        values[SIGNATURE] = signature
    values[DIGEST] = _digest(values)
    return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"


def read_manifest(name: str, content: bytes) -> Manifest:
    """Return the manifest that ``content`` holds, and whether it is ours.

    Raises BackupDamagedError when it was altered, is not a manifest, or comes
    from a newer release.
    """
    try:
        values = json.loads(content)
        digest = values.pop(DIGEST)
        number = values["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(name, "it is not a manifest of this project") from error
    if number not in (FORMAT, ENCRYPTED_FORMAT, DIRECTORY_FORMAT):
        raise BackupDamagedError(
            f"{name} was not read.",
            why=f"its format is {number!r}, this release knows {FORMAT} to"
            f" {DIRECTORY_FORMAT}",
            fix="use the release that wrote it, or a newer one",
        )
    if digest != _digest(values):
        raise _unreadable(name, "it was altered after it was written")
    signature = values.pop(SIGNATURE, None)
    try:
        manifest = replace(
            _from_dict(values),
            signed_by=signer(signature),
            doubt=find_doubt(values, signature),
        )
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise _unreadable(name, f"it lacks or misspells {error}") from error
    if manifest.name != name:
        raise _unreadable(name, f"it belongs to {manifest.id}")
    return manifest


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    contents = manifest.contents
    return {
        "format": _format(manifest),
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
            "extensions": dict(contents.extensions),
            "roles": list(contents.roles),
            **contents.position,
        },
        "tables": [_table_dict(contents, name) for name in contents.tables],
        "left_out": list(contents.left_out),
        "sequences": dict(contents.sequences),
        "migrations": [{"app": app, "name": name} for app, name in contents.migrations],
        "migrations_sha256": migrations_digest(contents.migrations),
        "file": _file_dict(manifest.dump),
        "surroundings": (
            {"why_none": manifest.surroundings}
            if isinstance(manifest.surroundings, str)
            else _file_dict(manifest.surroundings)
        ),
        "snapshot": manifest.snapshot,
        "flags": list(manifest.flags),
        "revision": manifest.revision,
        "tools": dict(manifest.tools),
        "app_version": manifest.app_version,
        "django_version": manifest.django_version,
        "host": manifest.host,
        "warnings": list(manifest.warnings),
    }


def _format(manifest: Manifest) -> int:
    if manifest.form == DIRECTORY:
        return DIRECTORY_FORMAT
    return ENCRYPTED_FORMAT if manifest.recipients else FORMAT


def _from_dict(values: Mapping[str, Any]) -> Manifest:
    database = values["database"]
    contents = Contents(
        database=database["name"],
        size_bytes=database["bytes"],
        server_version=database["server_version"],
        client_version=database["client_version"],
        tables={table["name"]: table["rows"] for table in values["tables"]},
        migrations=tuple((each["app"], each["name"]) for each in values["migrations"]),
        properties=database["properties"],
        left_out=tuple(values.get("left_out", ())),
        sizes={
            table["name"]: table["bytes"]
            for table in values["tables"]
            if "bytes" in table
        },
        sequences=values.get("sequences", {}),
        extensions=database.get("extensions", {}),
        roles=tuple(database.get("roles", ())),
        position={name: database[name] for name in POSITION if name in database},
    )
    dump = _file(values["file"])
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
        file_name=dump.name,
        compression=dump.compression,
        plain=dump.plain,
        stored=dump.stored,
        app_version=values["app_version"],
        django_version=values["django_version"],
        host=values["host"],
        reason=values["reason"],
        warnings=tuple(values["warnings"]),
        surroundings=_surroundings(values.get("surroundings", {})),
        snapshot=values.get("snapshot", ""),
        flags=tuple(values.get("flags", ())),
        revision=values.get("revision", ""),
        tools=values.get("tools", {}),
        recipients=dump.recipients,
        form=dump.form,
    )


def migrations_digest(migrations: Iterable[tuple[str, str]]) -> str:
    """Return one hash for the set of applied migrations, whatever their order."""
    text = "\n".join(sorted(f"{app}.{name}" for app, name in migrations))
    return sha256(text.encode()).hexdigest()


def _table_dict(contents: Contents, name: str) -> dict[str, Any]:
    values: dict[str, Any] = {"name": name, "rows": contents.tables[name]}
    if name in contents.sizes:
        values["bytes"] = contents.sizes[name]
    return values


def _file_dict(file: StoredFile) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": file.name,
        "compression": str(file.compression),
        "plain": _measure_dict(file.plain),
        "stored": _measure_dict(file.stored),
    }
    if file.form:
        values["format"] = file.form
    if file.recipients:
        values["encryption"] = {
            "scheme": SCHEME,
            "recipients": list(file.recipients),
        }
    return values


def _file(values: Mapping[str, Any]) -> StoredFile:
    return StoredFile(
        name=values["name"],
        compression=parse_compression(values["compression"]),
        plain=_measure(values["plain"]),
        stored=_measure(values["stored"]),
        recipients=_recipients(values.get("encryption")),
        form=_form(values.get("format", ONE_FILE)),
    )


def _form(value: str) -> str:
    if value not in (ONE_FILE, DIRECTORY):
        raise ValueError(f"format: {value!r}")
    return value


def _recipients(values: Mapping[str, Any] | None) -> tuple[str, ...]:
    if values is None:
        return ()
    if values["scheme"] != SCHEME or not values["recipients"]:
        raise ValueError(f"encryption: {values!r}")
    return tuple(values["recipients"])


def _surroundings(values: Mapping[str, Any]) -> StoredFile | str:
    if "name" in values:
        return _file(values)
    return str(values.get("why_none", NOT_FULL))


def _measure_dict(measure: Measure) -> dict[str, Any]:
    return {"sha256": measure.sha256, "bytes": measure.size_bytes}


def _measure(values: Mapping[str, Any]) -> Measure:
    return Measure(values["sha256"], values["bytes"])


def _digest(values: Mapping[str, Any]) -> str:
    return sha256(canonical(values)).hexdigest()


def _unreadable(name: str, why: str) -> BackupDamagedError:
    return BackupDamagedError(f"{name} was not read.", why=why, fix=ANOTHER)
