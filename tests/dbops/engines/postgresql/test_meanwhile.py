"""What happens to the tables and to the line while they are dumped."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.restore import restore_backup
from dbops.engines.options import Options
from dbops.engines.postgresql import contents
from dbops.engines.postgresql.activity import reading
from dbops.engines.postgresql.activity.silence import why_silent
from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.contents import contents_beside
from dbops.engines.postgresql.snapshot import exported_snapshot
from dbops.engines.registry import get_engine
from dbops.errors import DatabaseUnavailableError, ProgramFailedError
from tests.dbops.programs import make_program, real_program
from tests.dbops.s3.servers import Wire, wire_to
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_interruption import wait_for

pytestmark = pytest.mark.postgresql

WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND locktype = 'relation'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Of what all databases of the server share.
SHARED = """
    SELECT relation::regclass::text, mode FROM pg_locks
    WHERE database = 0 AND locktype = 'relation' AND pid = {}
"""

END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'stateset restore'
"""


@contextmanager
def changing(shop: Shop, statement: str) -> Iterator[None]:
    """Have a statement under way that is committed as soon as the backup waits."""

    def commit_late() -> None:
        wait_for(lambda: shop.run(WAITING) != [(0,)])
        other.execute("COMMIT")
        other.close()

    other = shop.connect()
    other.execute("BEGIN")
    other.execute(statement)
    with ThreadPoolExecutor(1) as pool:
        committed = pool.submit(commit_late)
        yield
        committed.result()


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("ALTER TABLE orders ALTER COLUMN id TYPE bigint", 300),
        ("TRUNCATE orders", 0),
        ("ALTER TABLE orders ADD COLUMN dice float DEFAULT random()", 300),
        ("DROP TABLE orders; CREATE TABLE orders AS SELECT 1 AS id", 1),
    ],
)
def test_a_table_that_changes_as_the_dump_begins_is_dumped_as_it_was_left(
    shop: Shop, statement: str, rows: int
) -> None:
    with changing(shop, statement):
        manifest = create_backup(alias=ALIAS, verify="none")
    assert manifest.contents.tables["orders"] == rows
    restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.count("orders", shop.new_name()) == rows


@contextmanager
def behind(shop: Shop) -> Iterator[Wire]:
    """Have the shop reached through a wire that can fall silent."""
    settings = connections[ALIAS].settings_dict
    with wire_to(f"tcp://{settings['HOST']}:{settings['PORT']}") as wire:
        settings |= {"HOST": wire.host, "PORT": wire.port}
        yield wire


def test_a_server_that_nothing_comes_from_any_more_does_not_hold_a_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(contents, "CANCEL_SECONDS", 0.2)
    engine = get_engine(ALIAS)
    engine.options = Options(silence_seconds=1)
    with behind(shop) as wire:
        # The first one is our own, the second pg_dump's.
        wire.silent_from = 2
        with pytest.raises(ProgramFailedError) as caught:
            engine.dump(io.BytesIO())
    assert caught.value.what == "pg_dump was stopped."
    assert caught.value.why == (
        "it did nothing for 1 seconds;"
        " the server does not answer: connection timeout expired"
    )


def test_whom_a_silent_pg_dump_waits_for_is_told(
    shop: Shop,
) -> None:
    """Such a lock has no limit: --lock-wait-timeout is for tables of our own."""
    with ThreadPoolExecutor(1) as pool:
        with locked(shop, "pg_catalog.pg_ts_parser"):
            dumped = pool.submit(get_engine(ALIAS).dump, io.BytesIO())
            wait_for(lambda: shop.run(WAITING) != [(0,)])
            why = why_silent(connections[ALIAS], "pg_dump")
        dumped.result()
    assert re.fullmatch(
        r"pg_dump's session \d+ is active for \d+ s, waiting for Lock: relation"
        r" \(AccessShareLock of pg_ts_parser\), held up by session \d+"
        r" \(client backend of \w+, idle in transaction for \d+ s\)",
        why,
    )


def test_a_snapshot_keeps_nothing_that_all_databases_share(shop: Shop) -> None:
    """Who wants it to himself would wait for us, and pg_dump behind him for good."""
    with (
        session(connections[ALIAS]) as own,
        exported_snapshot(own, lock_wait_seconds=1),
        contents_beside(own) as counted,
    ):
        assert counted.result().database == shop.name
        assert shop.run(SHARED.format(own.connection.info.backend_pid)) == []


def test_a_count_that_nothing_comes_of_any_more_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "CANCEL_SECONDS", 0.2)
    died = ProgramFailedError("pg_dump did not do its work.")
    with behind(shop) as wire, session(connections[ALIAS]) as own:
        wire.fall_silent()
        with pytest.raises(ProgramFailedError) as caught, contents_beside(own):
            raise died
    assert caught.value is died


def test_a_server_that_goes_away_while_rows_are_counted_is_told_as_that(
    shop: Shop,
) -> None:
    def end() -> None:
        wait_for(lambda: shop.run(WAITING) != [(0,)])
        shop.run(END)

    with (
        locked(shop),
        pytest.raises(DatabaseUnavailableError) as caught,
        session(connections[ALIAS], name="restore") as own,
        contents_beside(own),
    ):
        end()
    assert caught.value.what == f"The database {shop.name!r} stopped answering."


def test_a_change_that_comes_between_ends_the_dump_and_goes_on(
    shop: Shop, fakes: Path
) -> None:
    """It waits for our count, and pg_dump waits for it: nobody would ever end."""
    noted = f"{fakes}/begun"
    wait = f"touch {noted}; while [ -e {noted} ]; do sleep 0.05; done"
    make_program(fakes, "pg_dump", f'{wait}; exec {real_program("pg_dump")} "$@"')
    engine = get_engine(ALIAS)
    engine.options = Options(client_folders=(fakes,), lock_wait_seconds=1)

    def change() -> None:
        wait_for(Path(noted).exists)
        shop.run("ALTER TABLE orders ADD COLUMN price int")

    with ThreadPoolExecutor(2) as pool:
        changed = pool.submit(change)
        released = pool.submit(release, shop, Path(noted))
        with pytest.raises(ProgramFailedError) as caught:
            engine.dump(io.BytesIO())
        changed.result()
        released.result()
    assert "LOCK TABLE public.orders" in caught.value.why


def release(shop: Shop, noted: Path) -> None:
    wait_for(lambda: shop.run(WAITING) != [(0,)])
    noted.unlink()
