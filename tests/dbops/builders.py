"""Manifests and backups made up for tests that need no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.utils import timezone

from dbops.backups.compression import parse_compression
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.measuring import Measure
from dbops.backups.storage import BackupStorage
from dbops.engines.base import Contents
from dbops.engines.verbs.proof import Look
from dbops.recovery.drill_reports import DrillReport

MOMENT = datetime(2026, 11, 23, 2, 0, 0, 500_000, tzinfo=UTC)
DUMP = b"all the rows"


def measure(content: bytes) -> Measure:
    return Measure(sha256(content).hexdigest(), len(content))


def make_contents(**overrides: Any) -> Contents:
    values: dict[str, Any] = {
        "database": "shop",
        "size_bytes": 8192,
        "server_version": "15.18",
        "client_version": "15.18",
        "tables": {"customers": 2, "orders": 300},
        "migrations": (("orders", "0001_initial"),),
        "properties": {"encoding": "UTF8"},
    }
    return Contents(**values | overrides)


def make_manifest(**overrides: Any) -> Manifest:
    manifest = Manifest(
        id="stateset_20261123_020000",
        kind="dump",
        project="stateset",
        environment="test",
        alias="default",
        engine="postgresql",
        started_at=MOMENT,
        finished_at=MOMENT,
        seconds={"dump": 1.5, "store": 0.25},
        contents=make_contents(),
        file_name="stateset_20261123_020000.dump",
        compression=parse_compression("none"),
        plain=measure(DUMP),
        stored=measure(DUMP),
        app_version="0.1.0",
        django_version="5.2",
        host="db-1",
        reason="before the sale",
        warnings=("pg_dump: warning: circular foreign keys",),
    )
    return replace(manifest, **overrides)


def make_report(**overrides: Any) -> DrillReport:
    """Return what a drill has found that passed."""
    report = DrillReport(
        id="drill_20261122_031500_0badcafe",
        alias="default",
        backup_id="stateset_20261121_020000",
        state="passed",
        began_at=MOMENT,
        budget_seconds=3600.0,
        seconds={"fetch": 1.5, "decode": 2.5, "load": 60.0, "checks": 8.0},
        who="task backup-weekly",
        host="db-1",
        engine="postgresql",
        backup_from=MOMENT,
        rows=302,
        size_bytes=8192,
        looks=(Look("rows", "302 rows in 2 tables"), Look("books", "60 rules")),
    )
    return replace(report, **overrides)


def store_aged(
    storage: BackupStorage,
    age: float,
    alias: str = "default",
    *,
    now: datetime | None = None,
) -> Manifest:
    """Store a backup that says that it is so many days old."""
    begun = (now or timezone.now()) - timedelta(days=age)
    stem = f"stateset_{begun:%Y%m%d_%H%M%S}"
    return store_backup(storage, stem, started_at=begun, alias=alias)


def store_backup(
    storage: BackupStorage, stem: str, *, dump: bytes = DUMP, **overrides: Any
) -> Manifest:
    """Store a dump and its manifest."""
    with storage.create(stem, ".dump") as target:
        target.write(dump)
    manifest = make_manifest(
        id=stem,
        file_name=f"{stem}.dump",
        plain=measure(dump),
        stored=measure(dump),
        **overrides,
    )
    storage.put(manifest.name, write_manifest(manifest))
    return manifest
