"""A real server takes the fragments, the roles and the example of archiving."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.deploy.places import DEPLOY, read_text, the_one
from tests.deploy.roles import PASSWORDS, create_roles, url_of
from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.processes import give_to_server, run_as_server, server_folder

FRAGMENTS = DEPLOY / "postgresql" / "conf.d"
LINE = re.compile(r"^([a-z_.]+) = ('?)(.+?)\2$", re.MULTILINE)
GUIDE = {
    "autovacuum": "on",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_vacuum_scale_factor": "0.1",
    "max_connections": "200",
    "wal_level": "replica",
}


def written() -> dict[str, str]:
    """Return what the fragments say, each setting once."""
    pairs = [
        (found[1], found[3])
        for path in sorted(FRAGMENTS.iterdir())
        for found in LINE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert len(dict(pairs)) == len(pairs), "a setting stands in two fragments"
    return dict(pairs)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """Run a server that includes the fragments, the example of archiving too."""
    with server_folder("fragments") as folder:
        shutil.copytree(FRAGMENTS, folder / "conf.d")
        (folder / "archive").mkdir()
        give_to_server(folder / "archive")
        archive = folder / "conf.d" / "archive.conf"
        text = re.sub(r"^#(archive_)", r"\1", archive.read_text(), flags=re.MULTILINE)
        archive.write_text(
            text.replace("/var/lib/postgresql/wal_archive", str(folder / "archive"))
        )
        for path in (folder / "conf.d", *(folder / "conf.d").iterdir()):
            give_to_server(path)
        # A line of its own in postgresql.conf, written as a setting is: name = 'value'.
        with postgresql_server({"include_dir": str(folder / "conf.d")}) as started:
            yield started


def query(server: PostgresqlServer, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_the_guides_values_are_among_them() -> None:
    assert written().items() >= GUIDE.items()


def test_the_server_has_what_the_fragments_say(server: PostgresqlServer) -> None:
    settings = dict(
        query(server, "SELECT name, current_setting(name) FROM pg_settings")
    )
    assert {name: settings[name] for name in written()} == written()
    errors = query(server, "SELECT name, error FROM pg_file_settings WHERE error <> ''")
    assert errors == []


def test_no_setting_waits_for_a_restart_that_was_not_told(
    server: PostgresqlServer,
) -> None:
    waiting = query(server, "SELECT name FROM pg_settings WHERE pending_restart")
    assert waiting == []


def archive_folder(server: PostgresqlServer) -> Path:
    ((command,),) = query(server, "SHOW archive_command")
    return Path(the_one(r"a=(\S+)/%f;", command))


def archive(server: PostgresqlServer, source: Path) -> None:
    ((command,),) = query(server, "SHOW archive_command")
    line = command.replace("%p", str(source)).replace("%f", "000000010000000000000001")
    run_as_server(["/bin/sh", "-c", line])


def test_archiving_takes_every_file_and_none_twice(server: PostgresqlServer) -> None:
    query(server, "SELECT pg_switch_wal()")
    folder = archive_folder(server)
    wait_until_archived(server)
    kept = folder / "000000010000000000000001"
    assert kept.stat().st_size == 16 * 1024**2
    assert not list(folder.glob("*.part"))
    # The same file again, as after a crash, is no fault; another one is refused.
    archive(server, kept)
    with server_folder("other") as other:
        (other / "wal").write_bytes(b"other")
        give_to_server(other / "wal")
        with pytest.raises(Exception, match="/bin/sh"):
            archive(server, other / "wal")
    assert kept.stat().st_size == 16 * 1024**2


def wait_until_archived(server: PostgresqlServer) -> None:
    query(
        server,
        """
        DO $$ BEGIN
            FOR attempt IN 1..200 LOOP
                EXIT WHEN (SELECT archived_count > 0 FROM pg_stat_archiver);
                PERFORM pg_sleep(0.05), pg_stat_clear_snapshot();
            END LOOP;
        END $$
        """,
    )


def test_the_roles_have_what_they_need_and_no_more(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    create_roles(server, tmp_path)
    create_roles(server, tmp_path)
    program = url_of(server, "stateset", PASSWORDS["DATABASE"])
    with psycopg.connect(**program) as connection:
        connection.execute("CREATE TABLE shop (id int)")
        connection.execute("CREATE DATABASE stateset_copy")
        connection.execute("ALTER DATABASE stateset_copy RENAME TO stateset_other")
        connection.execute("DROP DATABASE stateset_other")
        assert connection.execute("SELECT count(*) FROM pg_stat_statements").fetchone()
        superuser = connection.execute("SHOW is_superuser").fetchone()
        assert superuser == ("off",)
    monitor = url_of(server, "stateset_monitor", PASSWORDS["MONITOR"])
    with psycopg.connect(**monitor) as connection:
        connection.execute("SELECT * FROM pg_stat_activity")
        connection.execute("SELECT pg_database_size('stateset')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM shop")
    log = (server.data_dir.parent / "log").read_text(encoding="utf-8")
    assert "GRANT pg_monitor" not in log
    assert "CREATE EXTENSION" in log
    assert [password for password in PASSWORDS.values() if password in log] == []


def test_compose_mounts_what_its_configuration_includes() -> None:
    text = read_text("postgresql/compose.conf")
    assert "include_dir 'conf.d'" in text
    compose = read_text("compose.yml")
    assert "./postgresql/compose.conf:/etc/stateset/postgresql.conf:ro" in compose
    assert "./postgresql/conf.d:/etc/stateset/conf.d:ro" in compose
