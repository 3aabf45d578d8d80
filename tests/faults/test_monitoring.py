"""What db_health and its like say of servers that are cut off or set up otherwise."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from dbops.monitoring.health import SETTING, collect_health
from dbops.monitoring.replication import check_replication, read_replication
from dbops.monitoring.statements import read_statements
from deploy.dev.ports import free_port
from tests.dbops.monitoring.holding import until
from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.processes import run_as_server, running, server_folder

pytestmark = pytest.mark.postgresql
FRAGMENTS = Path(__file__).parents[2] / "deploy" / "postgresql" / "conf.d"
CREATE = "CREATE EXTENSION pg_stat_statements"


@pytest.fixture(autouse=True)
def _databases_are_opened(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@contextmanager
def alias_of(name: str, url: str, *, port: int | None = None) -> Iterator[str]:
    """Have an alias lead to a server."""
    place = urlsplit(url)
    connections.databases[name] = {
        **copy.deepcopy(connections["default"].settings_dict),
        "NAME": "postgres",
        "USER": place.username,
        "PASSWORD": place.password,
        "HOST": place.hostname,
        "PORT": str(port or place.port),
    }
    try:
        yield name
    finally:
        connections[name].close()
        del connections[name]
        del connections.databases[name]


@contextmanager
def standby(primary: PostgresqlServer) -> Iterator[int]:
    """Run a replica of a server; yield its port."""
    with server_folder("standby") as folder:
        data, port = folder / "data", free_port()
        run_as_server(
            [
                primary.bin_dir / "pg_basebackup",
                *("--dbname", primary.url, "-D", data, "-R", "--no-sync"),
                *("--checkpoint=fast", "--wal-method=stream"),
            ]
        )
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"port = {port}\nunix_socket_directories = '{folder}'\n")
        with (
            running(
                [primary.bin_dir / "postgres", "-D", data],
                log=folder / "log",
                is_ready=lambda: "ready to accept" in (folder / "log").read_text(),
            ),
        ):
            yield port


def status(alias: str) -> tuple[str, str]:
    found = read_replication(alias)
    assert found is not None
    verdict = check_replication(found)
    return verdict.status, verdict.message


def test_a_replica_that_is_cut_off_is_critical_and_never_without_lag() -> None:
    with (
        postgresql_server() as primary,
        standby(primary) as port,
        alias_of("one", primary.url),
        alias_of("two", primary.url, port=port),
    ):
        until(lambda: "walreceiver is streaming" in status("one")[1])
        until(lambda: status("one")[1].endswith(" 0 B behind"))
        assert status("one")[0] == "ok"
        until(lambda: status("two") == ("ok", "a replica, 0 B to replay"))
        health = {result.name: result for result in collect_health("two")}
        assert health["answers"].status == "ok"
        assert health["replication"].status == "ok"
        run_as_server(
            [
                primary.bin_dir / "pg_ctl",
                *("stop", "-m", "immediate", "-D", primary.data_dir),
            ]
        )
        until(lambda: status("two")[0] == "critical")
        assert status("two")[1].startswith("a replica without its primary, last")
        health = {result.name: result for result in collect_health("two")}
        assert health["replication"].status == "critical"


def test_counters_that_are_not_loaded_are_told_with_their_remedy() -> None:
    with (
        postgresql_server({"shared_preload_libraries": ""}) as server,
        alias_of("bare", server.url),
    ):
        before = read_statements("bare")
        with connections["bare"].cursor() as cursor:
            cursor.execute(CREATE)
        found = read_statements("bare")
    assert before is not None
    assert before.missing == "the extension pg_stat_statements is not in this database"
    assert before.remedy == (
        "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', and restart"
        " the server; then CREATE EXTENSION pg_stat_statements"
    )
    assert found is not None
    assert list(found.rows) == []
    assert found.missing == (
        "pg_stat_statements must be loaded via shared_preload_libraries"
    )
    assert found.remedy == (
        "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', and restart"
        " the server"
    )


def test_the_configuration_we_deliver_follows_the_advice_we_give() -> None:
    with server_folder("conf") as folder:
        for fragment in FRAGMENTS.glob("*.conf"):
            copied = folder / fragment.name
            copied.write_text(fragment.read_text(encoding="utf-8"), encoding="utf-8")
            copied.chmod(0o644)
        settings = {"include_dir": str(folder), "fsync": "on", "full_page_writes": "on"}
        with postgresql_server(settings) as server, alias_of("ours", server.url):
            advice = [
                result
                for result in collect_health("ours")
                if result.name.startswith(SETTING) and result.hint
            ]
    # Archiving takes a place of the operator's own.
    assert [result.name.removeprefix(SETTING) for result in advice] == [
        "archive_mode",
        "archive_command",
    ]
