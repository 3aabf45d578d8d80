"""Which place it is: what ``STORAGES["backups"]`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, storages
from django.utils.module_loading import import_string

from dbops.backups.storage.base import BackupStorage
from dbops.backups.storage.folder import FolderStorage
from dbops.errors import StorageError

ALIAS = "backups"
# By name: boto3 takes longer to import than a whole command, so only those pay
# for it whose backups go there.
DJANGO_STORAGES_S3 = "storages.backends.s3.S3Storage"
BUCKET_STORAGE = "dbops.backups.storage.s3.BucketStorage"


def backup_storage() -> BackupStorage:
    """Return the place that ``STORAGES["backups"]`` names."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        return FolderStorage(Path(storage.location))
    if DJANGO_STORAGES_S3 in _names(type(storage)):
        bucket: BackupStorage = import_string(BUCKET_STORAGE)(storage)
        return bucket
    raise StorageError(
        "The backups have no place to lie in.",
        why=f"STORAGES['{ALIAS}'] is {type(storage).__name__}; backups go to a folder"
        " or to S3",
        fix="set BACKUP_DIR to a folder, or AWS_S3_BUCKET to a bucket",
    )


def _names(kind: type[Any]) -> set[str]:
    return {f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__}
