"""Fixtures that the faults share with the suite."""

from __future__ import annotations

from tests.dbops.conftest import backup_folder
from tests.dbops.recovery.conftest import books, migrated

__all__ = ["backup_folder", "books", "migrated"]
