"""How much the server's disk can take, where it is seen from here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper


def free_bytes(own: BaseDatabaseWrapper) -> int | None:
    """Return what is free where new databases go, None where nobody can tell.

    Only over a socket of this machine: over a network the same path may be another
    disk. The role must be a superuser or have pg_read_all_settings.
    """
    session: Any = own.connection
    if not session.info.host.startswith("/"):
        return None
    try:
        with own.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            folder = Path(cursor.fetchone()[0])
        return shutil.disk_usage(folder).free
    except (DatabaseError, OSError):
        # A right that is missing, or a container that shares the socket only.
        return None
