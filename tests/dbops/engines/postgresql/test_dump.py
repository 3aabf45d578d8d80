from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.engines.options import Options
from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.dump import dump_program
from dbops.engines.registry import get_engine
from dbops.errors import (
    ContentsUnreadableError,
    DatabaseInUseError,
    DatabaseUnavailableError,
    ProgramFailedError,
    ProgramNotFoundError,
)
from tests.dbops.programs import make_program, real_program
from tests.dbops.s3.servers import wire_to
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql

LOCKED = """
    SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.relation = 'orders'::regclass
      AND l.mode = 'AccessExclusiveLock'
"""
PASSWORD = 'it\'s "100%" ünïque\nin two lines'


@contextmanager
def clerk(shop: Shop) -> Iterator[None]:
    """Let the project work as a role of little power and a difficult password."""
    settings = connections[ALIAS].settings_dict
    before = dict(settings)
    role = f"clerk_{os.getpid()}"
    literal = PASSWORD.replace("'", "''")
    shop.run(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{literal}'")
    shop.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    settings |= {"USER": role, "PASSWORD": PASSWORD}
    try:
        yield
    finally:
        settings |= before
        shop.run(f"DROP OWNED BY {role}")
        shop.run(f"DROP ROLE {role}")


def test_the_command_line_is_a_list_without_the_password(shop: Shop) -> None:
    with session(connections[ALIAS]) as own:
        own.settings_dict["OPTIONS"] |= {"sslmode": "prefer", "channel_binding": "x"}
        program = dump_program(own, Path("/bin/pg_dump"), ["--snapshot=00-1"])
    settings = shop.settings
    assert program.args == [
        "/bin/pg_dump",
        *("-U", settings["USER"], "-h", settings["HOST"], "-p", str(settings["PORT"])),
        "--no-password",
        f"--dbname=dbname='{shop.name}' keepalives_idle=30 tcp_user_timeout=30000",
        "--snapshot=00-1",
    ]
    assert program.env == {
        "PGPASSWORD": settings["PASSWORD"],
        "PGSSLMODE": "prefer",
        "PGCHANNELBINDING": "x",
        "PGCONNECT_TIMEOUT": "5",
        "PGHOSTADDR": "127.0.0.1",
    }


def test_the_program_goes_to_the_server_that_answered(shop: Shop) -> None:
    settings = connections[ALIAS].settings_dict
    port = settings["PORT"]
    settings |= {"HOST": "127.0.0.1,127.0.0.1", "PORT": f"1,{port}"}
    manifest = create_backup(alias=ALIAS)
    assert manifest.contents.tables["orders"] == 300


def test_a_role_of_little_power_and_any_password_will_do(shop: Shop) -> None:
    with clerk(shop):
        assert create_backup(alias=ALIAS).contents.tables["orders"] == 300


def test_by_a_socket_and_by_ipv6_it_is_the_same(shop: Shop) -> None:
    settings = connections[ALIAS].settings_dict
    place = f"tcp://{settings['HOST']}:{settings['PORT']}"
    ((folder,),) = shop.run("SHOW unix_socket_directories")
    settings["HOST"] = folder
    assert create_backup(alias=ALIAS, verify="none").contents.tables["orders"] == 300
    with wire_to(place, host="::1") as wire:
        connections[ALIAS].close()
        settings |= {"HOST": wire.host, "PORT": wire.port}
        assert create_backup(alias=ALIAS).contents.tables["orders"] == 300


def test_a_full_backup_takes_no_right_to_read_passwords(shop: Shop) -> None:
    with clerk(shop):
        shop.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        manifest = create_backup(alias=ALIAS, kind="full")
    assert len(manifest.files) == 2
    # What this role may not ask is left out, and the rest is there.
    assert set(manifest.contents.position) == {"timeline", "lsn"}
    assert f"clerk_{os.getpid()}" in manifest.contents.roles


def test_no_pg_dumpall_is_told_and_leaves_nothing(shop: Shop, fakes: Path) -> None:
    make_program(fakes, "pg_dumpall", "kill -9 $$")
    with pytest.raises(ProgramFailedError) as caught:
        create_backup(alias=ALIAS, kind="full")
    assert caught.value.what == "pg_dumpall did not do its work."
    assert shop.files() == []


def test_the_password_is_in_no_command_line(shop: Shop, fakes: Path) -> None:
    make_program(fakes, "pg_dump", "sleep 2")
    seen: list[bytes] = []
    stop = Event()

    def watch() -> None:
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(path.read_bytes())
                except OSError:
                    continue

    watcher = Thread(target=watch)
    watcher.start()
    try:
        with clerk(shop):
            create_backup(alias=ALIAS, verify="none")
    finally:
        stop.set()
        watcher.join()
    assert any(b"pg_dump" in line and b"--snapshot=" in line for line in seen)
    assert not [line for line in seen if PASSWORD.splitlines()[0].encode() in line]


def test_a_wrong_password_is_told_and_not_repeated(shop: Shop) -> None:
    connections[ALIAS].settings_dict["PASSWORD"] = "secret-and-wrong"
    with pytest.raises(DatabaseUnavailableError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.what == f"The database {shop.name!r} was not opened."
    assert "password authentication failed" in caught.value.why
    assert "secret-and-wrong" not in str(caught.value)
    assert not shop.backup_folder.exists()


def test_a_server_that_is_not_there_is_told(shop: Shop) -> None:
    connections[ALIAS].settings_dict["PORT"] = "1"
    with pytest.raises(DatabaseUnavailableError) as caught:
        create_backup(alias=ALIAS)
    assert "port 1" in caught.value.why
    assert "refused" in caught.value.why


def test_a_killed_pg_dump_leaves_nothing(shop: Shop, fakes: Path) -> None:
    make_program(fakes, "pg_dump", "head -c 3000000 /dev/urandom; kill -9 $$")
    with pytest.raises(ProgramFailedError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.what == "pg_dump did not do its work."
    assert caught.value.why == "it was killed by signal 9 (SIGKILL) and said nothing"
    assert shop.files() == []


def test_a_failing_pg_dump_is_quoted(shop: Shop, fakes: Path) -> None:
    make_program(fakes, "pg_dump", f'exec {real_program("pg_dump")} --table=none "$@"')
    with pytest.raises(ProgramFailedError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.why == (
        "it ended with status 1: pg_dump: error: no matching tables were found"
    )
    assert shop.files() == []


def test_a_table_that_the_role_may_not_read_is_told(shop: Shop) -> None:
    with clerk(shop):
        shop.run("CREATE TABLE secrets (id int)")
        with pytest.raises(ContentsUnreadableError) as caught:
            create_backup(alias=ALIAS)
    assert caught.value.why == "permission denied for table secrets"
    assert shop.files() == []


def test_rows_that_a_policy_hides_are_an_error_and_not_left_out(shop: Shop) -> None:
    shop.run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    with clerk(shop), pytest.raises(ContentsUnreadableError) as caught:
        create_backup(alias=ALIAS)
    assert str(caught.value) == (
        "The rows to back up cannot all be read.\n"
        '  why: query would be affected by row-level security policy for table "orders"'
        "\n  fix: let this role read every table and every row, or use another role"
    )
    assert shop.files() == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_locked_table_ends_the_backup(shop: Shop, jobs: int) -> None:
    engine = get_engine(ALIAS)
    engine.options = Options(lock_wait_seconds=1, backup_jobs=jobs)
    with psycopg.connect(shop.url) as other:
        other.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseInUseError) as caught:
            engine.dump(io.BytesIO())
    assert caught.value.why == ('others kept "public"."customers" locked for 1 seconds')


def test_no_client_is_told(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr(
        "dbops.engines.postgresql.clients.DEBIAN_CLIENTS", tmp_path / "none"
    )
    with pytest.raises(ProgramNotFoundError, match="There is no pg_dump"):
        create_backup(alias=ALIAS)
    make_program(tmp_path, "pg_dump", "exit 1", version="9.6.24")
    with pytest.raises(ProgramNotFoundError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.why.endswith(f"found: 9.6.24 ({tmp_path / 'pg_dump'})")
    assert shop.files() == []


def test_what_pg_dump_remarks_is_kept(shop: Shop, fakes: Path) -> None:
    make_program(
        fakes,
        "pg_dump",
        'echo "pg_dump: warning: circular" >&2; echo "with $PGPASSWORD" >&2;'
        f' exec {real_program("pg_dump")} "$@"',
    )
    with clerk(shop):
        manifest = create_backup(alias=ALIAS, verify="none")
    assert manifest.warnings == ("pg_dump: warning: circular", "with ***", "***")


def test_counts_belong_to_exactly_the_dumped_rows(shop: Shop, fakes: Path) -> None:
    stop = Event()

    def write() -> None:
        number = 1000
        with psycopg.connect(shop.url, autocommit=True) as connection:
            while not stop.is_set():
                number += 1
                connection.execute("INSERT INTO orders VALUES (%s, 'x', 1)", [number])

    # The dump begins late, when more rows are there than were counted.
    make_program(fakes, "pg_dump", f'sleep 1; exec {real_program("pg_dump")} "$@"')
    writer = Thread(target=write)
    writer.start()
    try:
        manifest = create_backup(alias=ALIAS, verify="none")
    finally:
        stop.set()
        writer.join()
    path = shop.backup_folder / manifest.file_name
    rows = _rows_in(path, "orders")
    assert manifest.contents.tables["orders"] == rows
    assert shop.count("orders") > rows


def _rows_in(path: Path, table: str) -> int:
    command = f'zstd -dc "$1" | pg_restore -f - -t {table} --data-only'
    done = subprocess.run(
        ["sh", "-c", command, "sh", path], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("COPY "))
    return lines.index("\\.") - start - 1


def test_every_kind_of_table_is_counted_as_it_is_dumped(shop: Shop) -> None:
    shop.run(
        """
        CREATE SCHEMA archive;
        CREATE TABLE archive."Old orders" (id int);
        INSERT INTO archive."Old orders" VALUES (1), (2);
        CREATE TABLE events (id int) PARTITION BY RANGE (id);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (10);
        INSERT INTO events VALUES (1), (2), (3);
        CREATE TABLE parent (id int);
        CREATE TABLE child () INHERITS (parent);
        INSERT INTO parent VALUES (1);
        INSERT INTO child VALUES (2), (3);
        CREATE UNLOGGED TABLE scratch (id int);
        INSERT INTO scratch VALUES (1);
        CREATE VIEW seen AS SELECT * FROM parent;
        CREATE MATERIALIZED VIEW kept AS SELECT * FROM parent;
        """
    )
    tables = create_backup(alias=ALIAS).contents.tables
    assert tables == {
        "archive.Old orders": 2,
        "child": 2,
        "customers": 2,
        "django_migrations": 2,
        "events_1": 3,
        "orders": 300,
        "parent": 1,
        "scratch": 1,
    }


def test_time_limits_for_pages_do_not_end_a_backup(shop: Shop) -> None:
    name = shop.name
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        # With less, a busy machine ends pg_dump before it can lift the limit itself.
        shop.run(f"ALTER DATABASE \"{name}\" SET {limit} = '40ms'")
    keep_locked = (
        "SET statement_timeout = 0; BEGIN; LOCK TABLE orders; SELECT pg_sleep(0.5); END"
    )
    with ThreadPoolExecutor(1) as other:
        locking = other.submit(shop.run, keep_locked)
        while not shop.run(LOCKED):
            assert not locking.done()
        # What waits for the table waits longer than the limit.
        assert create_backup(alias=ALIAS).contents.tables["orders"] == 300


def test_an_interrupted_count_does_not_linger(shop: Shop, fakes: Path) -> None:
    shop.run("CREATE VIEW v AS SELECT 1")
    shop.run("INSERT INTO orders SELECT n, 'x', 1 FROM generate_series(1000, 400000) n")
    make_program(fakes, "pg_dump", "exit 1")
    begun = time.monotonic()
    with pytest.raises(ProgramFailedError):
        create_backup(alias=ALIAS)
    assert time.monotonic() - begun < 5
    busy = shop.run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND application_name LIKE 'stateset%'"
    )
    assert busy == [(0,)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_hanging_pg_dump_is_stopped(shop: Shop, fakes: Path, jobs: int) -> None:
    make_program(fakes, "pg_dump", "echo $$ > $0.pid; kill -STOP $$")
    engine = get_engine(ALIAS)
    engine.options = Options(
        client_folders=(fakes,), silence_seconds=0.8, backup_jobs=jobs
    )
    with pytest.raises(ProgramFailedError, match="pg_dump was stopped") as caught:
        engine.dump(io.BytesIO())
    pid = int((fakes / "pg_dump.pid").read_text())
    assert caught.value.why == (
        f"it did nothing for 0.8 seconds; pg_dump (process {pid}) is halted (state T);"
        " pg_dump has no session on the server"
    )
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
