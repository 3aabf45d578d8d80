"""A restore as the role that roles.sql makes, while the exporter looks on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.deploy.roles import PASSWORDS, create_roles, url_of
from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.stateset.programs import manage

pytestmark = pytest.mark.postgresql


class Installation:
    """The program on a server of its own, under the role of roles.sql."""

    def __init__(self, server: PostgresqlServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.program = url_of(server, "stateset", PASSWORDS["DATABASE"])

    def manage(self, *arguments: str, database: str = "stateset") -> str:
        """Run a command, which must do its work; return what it prints."""
        password = quote(PASSWORDS["DATABASE"], safe="")
        host, port = self.program["host"], self.program["port"]
        done = manage(
            *arguments,
            folder=self.folder,
            APP__DATABASE_URL=f"postgres://stateset:{password}@{host}:{port}/{database}",
            BACKUP_DIR=str(self.folder / "backups"),
            PG_BIN=str(self.server.bin_dir),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def backup(self, *arguments: str, database: str = "stateset") -> str:
        """Make a backup and return its id."""
        printed = self.manage("backup", *arguments, database=database)
        return printed.splitlines()[-1]

    def books(self) -> list[str]:
        """Return what was marked as being in the live database."""
        with psycopg.connect(**self.program) as connection:
            rows = connection.execute("SELECT code FROM locations ORDER BY code")
            return [code for (code,) in rows]

    def note(self, code: str) -> None:
        """Mark the live database."""
        with psycopg.connect(**self.program) as connection:
            connection.execute(
                "INSERT INTO locations SELECT (jsonb_populate_record(l,"
                " jsonb_build_object('id', gen_random_uuid(), 'code', %s::text,"
                " 'is_default', false))).* FROM locations l LIMIT 1",
                [code],
            )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Give an installation with a few orders, made as docs/deployment.md says."""
    folder = tmp_path_factory.mktemp("deployed")
    preloaded = {"shared_preload_libraries": "pg_stat_statements"}
    with postgresql_server(preloaded) as server:
        create_roles(server, folder)
        made = Installation(server, folder)
        made.manage("migration", "up")
        made.manage("seed_demo", "--orders", "5")
        yield made


def test_it_gives_the_database_back_and_goes_back_again(shop: Installation) -> None:
    before = shop.books()
    full = shop.backup("--kind", "full")
    shop.note("LATER")
    monitor = url_of(shop.server, "stateset_monitor", PASSWORDS["MONITOR"])
    with psycopg.connect(**monitor):
        shop.manage("restore", full, "--confirm", "stateset", "--reason", "test")
    assert shop.books() == before
    with psycopg.connect(**monitor):
        shop.manage("restore", "--rollback", "--confirm", "stateset")
    assert shop.books() == sorted([*before, "LATER"])
    shop.manage("check_integrity")


def test_a_copy_goes_live_through_a_backup_of_it(shop: Installation) -> None:
    """As the runbook has it, so that the quarantine is not passed by."""
    made = shop.backup()
    shop.manage("restore", made, "--into", "stateset_copy")
    copied = shop.backup("--reason", "the copy", database="stateset_copy")
    assert copied in shop.manage("restore", copied, "--confirm", "stateset")
    with psycopg.connect(**shop.program) as connection:
        due = connection.execute(
            "SELECT count(*) FROM outbox WHERE status IN ('pending', 'processing')"
        ).fetchone()
    assert due == (0,)
    shop.manage("check_integrity")
