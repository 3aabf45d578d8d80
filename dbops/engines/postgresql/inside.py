"""Who is inside a database: shown, ended for a swap, or in its way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.base import summarised
from dbops.engines.postgresql.connect import first_line, quoted
from dbops.errors import RestoreRefusedError

logger = logging.getLogger(__name__)

TERMINATE_EVERY_SECONDS = 0.05
# pg_stat_activity: columns since 14. Without pg_read_all_stats the kind is hidden.
CLIENTS = """
    SELECT pid FROM pg_catalog.pg_stat_activity
    WHERE datname = %s AND pid <> pg_backend_pid()
      AND coalesce(backend_type, 'client backend') = 'client backend'
"""
# As pg_terminate_backend decides it; those of no role are the server's own.
NOT_OURS_TO_END = """
    SELECT coalesce(nullif(a.application_name, ''), 'a program without a name'),
           r.rolname, count(*), r.rolsuper
    FROM pg_catalog.pg_stat_activity a
    JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE a.datname = %s AND a.pid <> pg_backend_pid()
      AND coalesce(a.backend_type, 'client backend') = 'client backend'
      AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
      AND (r.rolsuper OR NOT (
        pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')))
    GROUP BY 1, 2, 4 ORDER BY 2, 1
"""


@contextmanager
def emptied(own: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Keep ending the clients of a database while the block runs."""
    done = Event()

    def end_them() -> None:
        while True:
            _end_clients(own, name)
            if done.wait(TERMINATE_EVERY_SECONDS):
                return

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end_them)
        try:
            yield
        finally:
            done.set()
        ending.result()


def _end_clients(own: BaseDatabaseWrapper, name: str) -> None:
    """End who may be ended. The one that renames says who stays, and fails if it must.

    What goes wrong here must not undo in words what the renames have done.
    """
    try:
        with own.cursor() as cursor:
            for pid in clients(cursor, name):
                try:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
                except DatabaseError:
                    continue
    except DatabaseError as error:
        logger.warning("Sessions of %s were not ended: %s", name, first_line(error))


def clients(cursor: CursorWrapper, name: str) -> list[int]:
    """Return the process numbers of whoever is in it, but for ourselves."""
    cursor.execute(CLIENTS, [name])
    return [pid for (pid,) in cursor.fetchall()]


def require_endable(cursor: CursorWrapper, live: str) -> None:
    """Raise RestoreRefusedError where somebody is in it whom this role cannot end."""
    cursor.execute(NOT_OURS_TO_END, [live])
    rows = cursor.fetchall()
    if not rows:
        return
    told = [
        f"{app} as {role!r}" + (f" ({count} times)" if count > 1 else "")
        for app, role, count, _ in rows
    ]
    fixes = []
    if not all(is_super for *_, is_super in rows):
        cursor.execute("SELECT current_user")
        fixes.append(f"GRANT pg_signal_backend TO {quoted(cursor.fetchone()[0])}")
    if any(is_super for *_, is_super in rows):
        fixes.append("have superusers leave, whom only a superuser can end")
    raise refused(
        live,
        f"this role may not end who is in it: {summarised(told)}",
        "; ".join(fixes),
    )


def shown_sessions(own: BaseDatabaseWrapper, name: str) -> str:
    """Return in a line who is in it, also the server's own."""
    with own.cursor() as cursor:
        cursor.execute(
            "SELECT pid, usename, backend_type FROM pg_catalog.pg_stat_activity"
            " WHERE datname = %s",
            [name],
        )
        shown = [f"{pid} {user or kind}" for pid, user, kind in cursor.fetchall()]
    return ", ".join(shown) or "others came and went"


def refused(live: str, why: str, fix: str) -> RestoreRefusedError:
    """Return the error of a swap that was not made."""
    return RestoreRefusedError(
        f"The database {live!r} was not replaced; it is as it was.", why=why, fix=fix
    )
