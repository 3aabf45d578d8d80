"""What makes a dump look as if data were gone, beside the ones before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

from dbops import conf
from dbops.backups.catalogue import COMPLETE, list_entries_of
from dbops.backups.manifest import Manifest
from dbops.backups.storage import BackupStorage
from dbops.engines.base import Contents
from dbops.errors import StorageError
from stateset.lib.reports import render_bytes

LOOKED_AT = 5
SHRUNK_TO = 0.5
# Small tables come and go empty in any week.
MANY_ROWS = 100


def earlier_manifests(storage: BackupStorage, alias: str) -> list[Manifest]:
    """Return those of the newest good backups of one database; none if unreadable."""
    try:
        newest = islice(list_entries_of(storage, alias), 2 * LOOKED_AT)
        found = [
            entry.manifest
            for entry in newest
            if entry.state == COMPLETE and entry.manifest and _is_ours(entry.manifest)
        ]
    except StorageError:
        return []
    return found[:LOOKED_AT]


def _is_ours(manifest: Manifest) -> bool:
    """Tell one of this installation: others may store theirs in the same bucket."""
    return (
        not manifest.doubt
        and manifest.project == conf.PROJECT
        and manifest.environment == conf.environment()
    )


def surprises(
    contents: Contents, size_bytes: int, earlier: Sequence[Manifest]
) -> Iterator[str]:
    """Yield in words where there is much less than before.

    It is a true copy all the same: to restore what it holds may be what is wanted,
    so it counts as good; the log, its manifest and its page tell.
    """
    if not earlier:
        return
    for table, rows in earlier[0].contents.tables.items():
        now = contents.tables.get(table)
        if now is None:
            yield f"the table {table} is gone; the last backup had {rows} rows of it"
        elif not now and rows >= MANY_ROWS:
            yield f"the table {table} is empty; the last backup had {rows} rows of it"
    usual = median(each.plain.size_bytes for each in earlier)
    if size_bytes < usual * SHRUNK_TO:
        yield (
            f"the dump has {render_bytes(size_bytes)}; usual of late are"
            f" {render_bytes(int(usual))}"
        )
