"""Two renames in one transaction: whoever looks sees the old database or the new.

Renaming a database locks its name first, so newcomers wait at the door and are then
told that it is gone; those inside are ended by a second session meanwhile. Nothing
is switched off beforehand, so nothing has to be switched on again after a kill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.carry import Carried, read_carried
from dbops.engines.postgresql.connect import (
    first_line,
    maintenance_session,
    quoted,
    session,
)
from dbops.engines.postgresql.drafts import (
    DRAFT_SUFFIX,
    drop_abandoned,
    exists,
    is_abandoned,
    name_draft,
)
from dbops.engines.postgresql.inside import (
    clients,
    emptied,
    refused,
    require_endable,
    shown_sessions,
)
from dbops.engines.postgresql.restore import NAME_BYTES
from dbops.engines.postgresql.space.disk import free_bytes
from dbops.engines.verbs.swap import KeptCopy, LiveState, SwapVerbs

KEPT = "_old_"
STAMP = r"\d{8}_\d{6}"
ATTEMPTS = 5
# SQLSTATE object_in_use: somebody is still inside.
IN_USE = "55006"
# Rows unmoved by a margin this wide may have been issued and lost.
UNKNOWN_GAP = 1_000_000
STAYS_BEHIND = """
    SELECT 'replication slot ' || slot_name FROM pg_catalog.pg_replication_slots
    WHERE database = %(name)s
    UNION ALL
    SELECT 'subscription ' || s.subname FROM pg_catalog.pg_subscription s
    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = %(name)s
"""
SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_catalog.pg_sequences"


class PostgresqlSwap(SwapVerbs):
    """The verbs of putting a restored database in the place of the live one."""

    def look(self) -> LiveState:
        with self._outside() as own, own.cursor() as cursor:
            if not exists(cursor, self.short_name):
                return LiveState(is_there=False, free_bytes=free_bytes(own))
            return LiveState(
                is_there=True,
                sessions=f"{len(clients(cursor, self.short_name))} connected; they are"
                " ended",
                free_bytes=free_bytes(own),
                stays_behind=_stays_behind(cursor, self.short_name),
            )

    def room_for(self, size_bytes: int) -> int:
        # The kept copy is the old one under another name.
        return size_bytes

    def spool_for(self, dump_bytes: int) -> int:
        return dump_bytes

    def require_swappable(self, stamp: str) -> None:
        live, kept = self.short_name, self.kept_name(stamp)
        if len(kept.encode()) > NAME_BYTES:
            raise refused(
                live,
                f"{kept!r}, under which the old one is kept, has more than"
                f" {NAME_BYTES} bytes",
                "restore it --into a new database and rename both by hand",
            )
        with self._outside() as own, own.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            if cursor.fetchone()[0] == live:
                raise refused(
                    live,
                    "this role may not enter the database 'postgres', and nobody can"
                    " rename the database he is in",
                    "GRANT CONNECT ON DATABASE postgres to the role",
                )
            cursor.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles"
                " WHERE rolname = current_user"
            )
            if not cursor.fetchone()[0]:
                raise refused(
                    live,
                    "this role may neither create nor rename databases",
                    "ALTER ROLE … CREATEDB, or use a role that may",
                )
            cursor.execute(
                "SELECT pg_has_role(datdba, 'USAGE'), pg_get_userbyid(datdba)"
                " FROM pg_catalog.pg_database WHERE datname = %s",
                [live],
            )
            row = cursor.fetchone()
            if row is not None and not row[0]:
                raise refused(
                    live,
                    f"it belongs to {row[1]!r}, and only its owner can rename it",
                    f"use the role {row[1]!r}, or GRANT it to this one",
                )
            require_endable(cursor, live)

    def settings_of(self, name: str) -> dict[str, Any]:
        own: Any = self.connection.copy()
        settings: dict[str, Any] = own.settings_dict
        options = {**settings["OPTIONS"], "application_name": "stateset restore"}
        options.pop("pool", None)
        return {**settings, "NAME": name, "OPTIONS": options}

    def mend(self) -> None:
        """Nothing to do: a killed swap is a transaction that never was."""

    def swap(self, draft: str, stamp: str, *, is_readable: bool = True) -> list[str]:
        live, kept = self.short_name, self.kept_name(stamp)
        with self._outside() as own, self._outside() as other:
            with own.cursor() as cursor:
                if not exists(cursor, live):
                    name_draft(own, draft, live)
                    return []
                carried = read_carried(cursor, live)
                left_out = carried.apply(own, draft)
            for _ in range(ATTEMPTS):
                with emptied(other, live):
                    if _renamed(own, live, kept, draft, carried):
                        return left_out
            raise refused(
                live,
                f"sessions stay in it: {shown_sessions(other, live)}",
                "end them (db_terminate, or as a role that may), then try again",
            )

    def is_swapped(self, stamp: str, *, had_live: bool) -> bool:
        # Both renames are one transaction, so the one says that the other was made.
        sign = self.kept_name(stamp) if had_live else self.short_name
        with self._outside() as own, own.cursor() as cursor:
            return exists(cursor, sign)

    def leftovers(self, stamp: str) -> list[str]:
        draft = self.short_name + DRAFT_SUFFIX
        with self._outside() as own, own.cursor() as cursor:
            return [f"{draft}, half loaded"] if is_abandoned(cursor, draft) else []

    def take_back(self, stamp: str) -> None:
        with self._outside() as own, own.cursor() as cursor:
            drop_abandoned(cursor, self.short_name + DRAFT_SUFFIX)

    def kept_name(self, stamp: str) -> str:
        return f"{self.short_name}{KEPT}{stamp}"

    def kept_copies(self) -> list[KeptCopy]:
        form = re.compile(re.escape(self.short_name + KEPT) + f"({STAMP})")
        with self._outside() as own, own.cursor() as cursor:
            cursor.execute(
                "SELECT datname, pg_database_size(oid) FROM pg_catalog.pg_database"
            )
            found = [
                KeptCopy(
                    name, match[1], size, f"DROP DATABASE {quoted(name)} WITH (FORCE)"
                )
                for name, size in cursor.fetchall()
                if (match := form.fullmatch(name))
            ]
        return sorted(found, key=lambda each: each.stamp, reverse=True)

    @contextmanager
    def reopened(self, kept: str) -> Iterator[str]:
        yield kept

    def advance_identities(self, draft: str, live: str | None) -> int:
        issued = None
        if live is not None:
            with session(self.connection, database=live, name="restore") as own:
                issued = _sequences(own)
        with session(self.connection, database=draft, name="restore") as restored:
            return _advance(restored, issued)

    def _outside(self) -> Any:
        return maintenance_session(self.connection, name="restore")


def _renamed(
    own: BaseDatabaseWrapper, live: str, kept: str, draft: str, carried: Carried
) -> bool:
    """Rename both and return True; change nothing and return False if in use."""
    with own.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute(f"ALTER DATABASE {quoted(live)} RENAME TO {quoted(kept)}")
            cursor.execute(f"ALTER DATABASE {quoted(draft)} RENAME TO {quoted(live)}")
            if draft.endswith(DRAFT_SUFFIX):
                cursor.execute(carried.comment(own, live))
        except OperationalError as error:
            cursor.execute("ROLLBACK")
            if getattr(error.__cause__, "sqlstate", "") != IN_USE:
                raise
            return False
        except DatabaseError as error:
            cursor.execute("ROLLBACK")
            raise refused(
                live, first_line(error), "mend what the server names, then try again"
            ) from error
        cursor.execute("COMMIT")
    return True


def _stays_behind(cursor: CursorWrapper, name: str) -> tuple[str, ...]:
    try:
        cursor.execute(STAYS_BEHIND, {"name": name})
    except DatabaseError:
        return ("subscriptions, if there are any: this role may not see them",)
    return tuple(sorted(line for (line,) in cursor.fetchall()))


def _sequences(own: BaseDatabaseWrapper) -> dict[tuple[str, str], int]:
    with own.cursor() as cursor:
        cursor.execute(SEQUENCES)
        return {(schema, name): value or 0 for schema, name, value in cursor.fetchall()}


def _advance(
    restored: BaseDatabaseWrapper, issued: dict[tuple[str, str], int] | None
) -> int:
    moved = 0
    for place, value in _sequences(restored).items():
        wanted = value + UNKNOWN_GAP if issued is None else issued.get(place, 0)
        if wanted <= value:
            continue
        name = ".".join(map(quoted, place))
        with restored.cursor() as cursor:
            cursor.execute("SELECT setval(%s::regclass, %s)", [name, wanted])
        moved += 1
    return moved
