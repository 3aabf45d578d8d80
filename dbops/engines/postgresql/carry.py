"""What belongs to a database and is in no dump: owner, grants, settings, comment."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from dbops.engines.postgresql.connect import first_line

# Their value is a list of names, which SET takes one by one: GUC_LIST_QUOTE.
LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "temp_tablespaces",
}
PRIVILEGES = {"CREATE": SQL("CREATE"), "CONNECT": SQL("CONNECT")} | {
    "TEMPORARY": SQL("TEMPORARY")
}
DATABASE = """
    SELECT oid, pg_get_userbyid(datdba), datconnlimit, datacl IS NOT NULL,
           shobj_description(oid, 'pg_database')
    FROM pg_catalog.pg_database WHERE datname = %s
"""
GRANTS = """
    SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
           a.privilege_type, a.is_grantable
    FROM pg_catalog.pg_database d, aclexplode(d.datacl) a WHERE d.oid = %s
"""
SETTINGS = """
    SELECT CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END, unnest(setconfig)
    FROM pg_catalog.pg_db_role_setting WHERE setdatabase = %s
"""


@dataclass(frozen=True)
class Grant:
    """One right on the database; without a role it is everybody's."""

    role: str | None
    privilege: str
    can_pass_on: bool


@dataclass(frozen=True)
class Carried:
    """What one database has that another one shall have too."""

    owner: str
    connection_limit: int
    has_grants: bool
    grants: tuple[Grant, ...]
    settings: tuple[tuple[str | None, str, str], ...]
    words: str | None

    def apply(self, connection: BaseDatabaseWrapper, name: str) -> list[str]:
        """Give a database all but the comment; return what this role may not give."""
        left_out = []
        for label, statements in self._statements(Identifier(name)):
            with connection.cursor() as cursor:
                try:
                    cursor.execute("BEGIN")
                    for statement in statements:
                        cursor.execute(statement.as_string(connection.connection))
                    cursor.execute("COMMIT")
                except DatabaseError as error:
                    cursor.execute("ROLLBACK")
                    left_out.append(f"{label}: {first_line(error)}")
        return left_out

    def comment(self, connection: BaseDatabaseWrapper, name: str) -> str:
        """Return the statement that gives a database the comment."""
        statement = SQL("COMMENT ON DATABASE {} IS {}").format(
            Identifier(name), Literal(self.words)
        )
        return statement.as_string(connection.connection)

    def _statements(self, name: Identifier) -> list[tuple[str, list[Composable]]]:
        found = [("connection limit", [self._limit(name)])]
        if self.has_grants:
            found.append(("grants", self._grants(name)))
        for role, setting, value in self.settings:
            whose = f"setting {setting}" + (f" of {role}" if role else "")
            found.append((whose, _setting(name, role, setting, value)))
        # The owner last: whoever gives it away may not change it any more.
        found.append((f"owner {self.owner}", [self._owner(name)]))
        return found

    def _limit(self, name: Identifier) -> Composable:
        return SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
            name, Literal(self.connection_limit)
        )

    def _owner(self, name: Identifier) -> Composable:
        return SQL("ALTER DATABASE {} OWNER TO {}").format(name, Identifier(self.owner))

    def _grants(self, name: Identifier) -> list[Composable]:
        statements: list[Composable] = [
            SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name)
        ]
        for grant in self.grants:
            statements.append(
                SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                    PRIVILEGES[grant.privilege],
                    name,
                    Identifier(grant.role) if grant.role else SQL("PUBLIC"),
                    SQL(" WITH GRANT OPTION" if grant.can_pass_on else ""),
                )
            )
        return statements


def read_carried(cursor: CursorWrapper, name: str) -> Carried:
    """Return what the database ``name`` has beside its tables."""
    cursor.execute(DATABASE, [name])
    oid, owner, limit, has_grants, words = cursor.fetchone()
    cursor.execute(GRANTS, [oid])
    grants = tuple(Grant(*row) for row in cursor.fetchall())
    cursor.execute(SETTINGS, [oid])
    settings = tuple(
        (role, *line.partition("=")[::2]) for role, line in cursor.fetchall()
    )
    return Carried(owner, limit, has_grants, grants, settings, words)


def _setting(
    name: Identifier, role: str | None, setting: str, value: str
) -> list[Composable]:
    place = SQL("ALTER DATABASE {}").format(name)
    if role:
        place = SQL("ALTER ROLE {} IN DATABASE {}").format(Identifier(role), name)
    # A setting of an extension is two names with a dot between.
    words = SQL(".").join(map(Identifier, setting.split(".")))
    if setting in LISTS:
        # The server reads the list as it wrote it, and ours ends with the transaction.
        return [
            SQL("SELECT set_config({}, {}, true)").format(
                Literal(setting), Literal(value)
            ),
            SQL("{} SET {} FROM CURRENT").format(place, words),
        ]
    return [SQL("{} SET {} TO {}").format(place, words, Literal(value))]
