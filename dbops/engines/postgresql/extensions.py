"""Extensions that a restore has to leave out: it may not or cannot make them."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.process import Program, run

logger = logging.getLogger(__name__)

# pg_available_extension_versions: columns since 13. A trusted one is made by whoever
# may create in the database.
REFUSED = """
    SELECT DISTINCT v.name FROM pg_catalog.pg_available_extension_versions v
    JOIN pg_catalog.pg_roles r ON r.rolname = current_user
    WHERE v.superuser AND NOT v.trusted AND NOT r.rolsuper
"""
AVAILABLE = "SELECT name FROM pg_catalog.pg_available_extensions"
# A line of `pg_restore --list`: the extension itself, or the comment on it.
ENTRY = re.compile(r"\d+; \d+ \d+ (?:EXTENSION - |COMMENT - EXTENSION )(\S+)")


def refused_extensions(
    connection: BaseDatabaseWrapper, wanted: Collection[str]
) -> frozenset[str]:
    """Return what this role may not make, and what of ``wanted`` is not installed."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSED)
        refused = {name for (name,) in cursor.fetchall()}
        cursor.execute(AVAILABLE)
        available = {name for (name,) in cursor.fetchall()}
    return frozenset(refused | ({*wanted} - available))


def list_without(refused: Collection[str], pg_restore: Path, archive: Path) -> str:
    """Return what is in the archive, for ``--use-list``, without these extensions.

    Each one that is left out is logged, with what a DBA does about it. What stands on
    one of them still fails, and the restore with it.
    """
    listed = run(Program([str(pg_restore), "--list", str(archive)])).output
    return "\n".join(_kept(listed, refused))


def _kept(listed: str, refused: Collection[str]) -> Iterator[str]:
    told = set()
    for line in listed.splitlines():
        match = ENTRY.match(line)
        if match is None or match[1] not in refused:
            yield line
        elif match[1] not in told:
            told.add(match[1])
            logger.warning(
                "The extension %s was left out: this role may not make it, or it is not"
                " installed. For a DBA: CREATE EXTENSION %s",
                match[1],
                match[1],
            )
