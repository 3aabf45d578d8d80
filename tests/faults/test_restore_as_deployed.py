"""A restore as the role that roles.sql makes, while the exporter looks on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Event
from time import sleep
from urllib.parse import quote

import psycopg
import pytest

from tests.dbops.test_interruption import wait_for
from tests.deploy.roles import PASSWORDS, create_roles, url_of
from tests.faults.places import bucket_server, two_places_encrypted
from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.stateset.programs import manage

pytestmark = pytest.mark.postgresql

BUCKET = "company-backups"
NOTE = """
    INSERT INTO locations SELECT (jsonb_populate_record(l,
        jsonb_build_object('id', gen_random_uuid(), 'code', %s::text,
            'is_default', false))).*
    FROM locations l LIMIT 1
"""
KEPT = (
    "SELECT datname FROM pg_database WHERE datname LIKE 'stateset\\_old\\_%' ORDER BY 1"
)
WRITERS = 3


class Installation:
    """The program on a server of its own, under the role of roles.sql."""

    def __init__(self, server: PostgresqlServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.program = url_of(server, "stateset", PASSWORDS["DATABASE"])
        self.variables: dict[str, str] = {}

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
            **self.variables,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def backup(self, *arguments: str, database: str = "stateset") -> str:
        """Make a backup and return its id."""
        printed = self.manage("backup", *arguments, database=database)
        return printed.splitlines()[-1]

    def books(self, database: str = "stateset") -> list[str]:
        """Return what was marked as being in the live database, or in another."""
        with psycopg.connect(**self.program | {"dbname": database}) as connection:
            rows = connection.execute("SELECT code FROM locations ORDER BY code")
            return [code for (code,) in rows]

    def note(self, code: str) -> None:
        """Mark the live database."""
        with psycopg.connect(**self.program) as connection:
            connection.execute(NOTE, [code])

    def kept(self) -> str:
        """Return the name of the newest kept copy."""
        with psycopg.connect(**self.program) as connection:
            names = connection.execute(KEPT).fetchall()
        return str(names[-1][0])


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


@contextmanager
def hammered(shop: Installation, letter: str) -> Iterator[list[str]]:
    """Write from several connections meanwhile; give what was acknowledged."""
    done, numbers, acknowledged = Event(), count(), list[str]()

    def write() -> None:
        while not done.is_set():
            with (
                suppress(psycopg.Error),
                psycopg.connect(**shop.program) as connection,
            ):
                while not done.is_set():
                    code = f"{letter}{next(numbers)}"
                    connection.execute(NOTE, [code])
                    acknowledged.append(code)
                    # Else all of the books would be theirs.
                    sleep(0.01)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write) for _ in range(WRITERS)]
        try:
            yield acknowledged
        finally:
            done.set()
    for each in writing:
        each.result()


def test_under_a_load_of_writers_no_commit_is_lost_in_either_direction(
    shop: Installation,
) -> None:
    """From a bucket, encrypted, when the folder has lost all of its backups."""
    before = set(shop.books())
    with bucket_server(BUCKET) as s3:
        shop.variables = two_places_encrypted(s3, BUCKET, shop.folder)
        made = shop.backup()
        for path in (shop.folder / "backups").glob(f"{made}*"):
            assert path.suffix in {".age", ".json"}
            path.unlink()
        with hammered(shop, "A") as first:
            shop.manage("restore", made, "--confirm", "stateset")
            # They go on in the new one.
            wait_for(lambda: set(first) & set(shop.books()))
        old, live = set(shop.books(shop.kept())), set(shop.books())
        assert old & live == before
        assert old | live >= set(first)
        assert old > before, "there was a load before"
        with hammered(shop, "B") as late:
            shop.manage("restore", "--rollback", "--confirm", "stateset")
        assert set(shop.books()) >= old
        assert set(shop.books()) | set(shop.books(shop.kept())) >= {*first, *late}
        shop.manage("check_integrity")
    shop.variables = {}
