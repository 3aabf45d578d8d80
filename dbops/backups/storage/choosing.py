"""Which places there are: what ``STORAGES`` says of the names people give them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, storages
from django.utils.module_loading import import_string

from dbops import conf
from dbops.backups.storage.base import BackupStorage
from dbops.backups.storage.folder import FolderStorage
from dbops.backups.storage.places import Places
from dbops.errors import StorageError
from stateset.lib.errors import UsageError

# By name: boto3 takes longer to import than a whole command, so only those pay
# for it whose backups go there.
DJANGO_STORAGES_S3 = "storages.backends.s3.S3Storage"
BUCKET_STORAGE = "dbops.backups.storage.s3.BucketStorage"


def backup_storage() -> BackupStorage:
    """Return where backups lie; several places behave as one that has all of theirs."""
    places = backup_places()
    return places[0] if len(places) == 1 else Places(places)


def backup_places(names: Iterable[str] = ()) -> list[BackupStorage]:
    """Return the places of these names, without names all, in the configured order.

    Raises UsageError for a name that is not configured.
    """
    aliases = conf.backup_locations()
    wanted = set(names) or set(aliases)
    if unknown := sorted(wanted - set(aliases)):
        raise UsageError(
            f"There is no location {unknown[0]!r} for backups.",
            why=f"the configuration has {', '.join(aliases)}",
            fix="name one of these, or add yours to APP__BACKUP_LOCATIONS",
        )
    return [_place(name, alias) for name, alias in aliases.items() if name in wanted]


def _place(name: str, alias: str) -> BackupStorage:
    storage = storages[alias]
    if isinstance(storage, FileSystemStorage):
        return FolderStorage(Path(storage.location), name=name)
    if DJANGO_STORAGES_S3 in _names(type(storage)):
        bucket: BackupStorage = import_string(BUCKET_STORAGE)(storage, name=name)
        return bucket
    raise StorageError(
        "The backups have no place to lie in.",
        why=f"STORAGES[{alias!r}] is {type(storage).__name__}; backups go to a folder"
        " or to S3",
        fix="set BACKUP_DIR to a folder, or AWS_S3_BUCKET to a bucket",
    )


def _names(kind: type[Any]) -> set[str]:
    return {f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__}
