"""Where backups lie: a folder or a bucket, behind the same verbs."""

from __future__ import annotations

from dbops.backups.storage.base import BackupStorage, StoredObject
from dbops.backups.storage.choosing import backup_storage
from dbops.backups.storage.folder import FolderStorage

__all__ = ["BackupStorage", "FolderStorage", "StoredObject", "backup_storage"]
