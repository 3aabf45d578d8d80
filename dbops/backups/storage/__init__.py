"""Where backups lie: folders and buckets, behind the same verbs."""

from __future__ import annotations

from dbops.backups.storage.base import BackupStorage, StoredObject
from dbops.backups.storage.choosing import backup_places, backup_storage
from dbops.backups.storage.folder import FolderStorage
from dbops.backups.storage.places import Places, Spread

__all__ = [
    "BackupStorage",
    "FolderStorage",
    "Places",
    "Spread",
    "StoredObject",
    "backup_places",
    "backup_storage",
]
