"""The machine is gone: from the bucket and the kit alone, all comes back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.deploy.roles import PASSWORDS, create_roles, url_of
from tests.faults.places import bucket_server, two_places_encrypted
from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.s3 import S3Server
from tests.stateset.programs import FOREIGN, ROOT, manage

pytestmark = pytest.mark.postgresql

BUCKET = "company-backups"
SIGNING_KEY = "2026a:only-who-knows-this-can-have-made-it"
COUNTS = "SELECT count(*), coalesce(sum(total_amount), 0) FROM orders"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with bucket_server(BUCKET) as server:
        yield server


def database_url(server: PostgresqlServer) -> str:
    place = url_of(server, "stateset", PASSWORDS["DATABASE"])
    password = quote(PASSWORDS["DATABASE"], safe="")
    return f"postgres://stateset:{password}@{place['host']}:{place['port']}/stateset"


def books(server: PostgresqlServer) -> tuple[object, ...] | None:
    place = url_of(server, "stateset", PASSWORDS["DATABASE"])
    with psycopg.connect(**place) as connection:
        return connection.execute(COUNTS).fetchone()


def lose_everything_but_the_kit(s3: S3Server, folder: Path) -> tuple[object, str]:
    """Trade on a machine that makes backups and is lost; return its books and kit."""
    with postgresql_server() as server:
        create_roles(server, folder)
        variables = {
            "APP__DATABASE_URL": database_url(server),
            **two_places_encrypted(s3, BUCKET, folder),
            "APP__BACKUP_SIGNING_KEYS": SIGNING_KEY,
            "BACKUP_DIR": str(folder / "backups"),
            "PG_BIN": str(server.bin_dir),
            # Several connections make a directory, which goes encrypted to both places.
            "APP__BACKUP_JOBS": "3",
        }

        def run(*arguments: str) -> str:
            done = manage(*arguments, folder=folder, **variables)
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("migration", "up")
        run("seed_demo", "--orders", "5")
        run("backup", "--kind", "full")
        return books(server), run("recovery_kit")


def on_the_new_machine(
    server: PostgresqlServer, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody does who has read the kit into a shell."""
    kept = {name: each for name, each in os.environ.items() if not is_foreign(name)}
    command = 'set -a; . ./recovery-kit.sh; set +a; exec "$@"'
    return subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, ROOT / "manage.py", *arguments],
        cwd=folder,
        env={
            **kept,
            "APP__DATABASE_URL": database_url(server),
            "APP__VAR_DIR": str(folder / "var"),
            "PG_BIN": str(server.bin_dir),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def is_foreign(name: str) -> bool:
    return name.startswith(FOREIGN) or name in {"BACKUP_DIR", "WEB_CONCURRENCY"}


def test_from_the_bucket_and_the_kit_alone_all_comes_back(
    s3: S3Server, tmp_path: Path
) -> None:
    lost, new = tmp_path / "lost", tmp_path / "new"
    lost.mkdir()
    new.mkdir()
    before, kit = lose_everything_but_the_kit(s3, lost)
    lost.rename(tmp_path / "nobody reaches this")
    (new / "recovery-kit.sh").write_text(kit)
    with postgresql_server() as server:
        create_roles(server, new)
        place = url_of(server, "stateset", PASSWORDS["DATABASE"]) | {
            "dbname": "postgres"
        }
        with psycopg.connect(**place) as connection:
            connection.execute("DROP DATABASE stateset")
        listed = on_the_new_machine(server, new, "list_backups", "--rebuild")
        assert listed.returncode == 0, listed.stderr
        assert " 1 backup in " in listed.stdout
        assert "not trusted" not in listed.stdout
        for arguments in (
            ("restore", "--latest", "--confirm", "stateset"),
            ("check_integrity",),
        ):
            done = on_the_new_machine(server, new, *arguments)
            assert done.returncode == 0, done.stderr
        assert books(server) == before
        assert before is not None
