"""One database takes the place of another under a load of writers."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Event

import psycopg
import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.reading import dump_source
from dbops.backups.restore import require_whole
from dbops.backups.storage import backup_storage
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.sqlite import swap
from dbops.errors import DbopsError
from tests.dbops.shop import ALIAS, Shop

STAMP, LATER = "20261128_030000", "20261128_040000"
WRITERS = 3


@contextmanager
def drafted(shop: Shop) -> Iterator[tuple[Engine, str]]:
    """Make a draft of the shop with its 300 orders, which are gone from the shop."""
    manifest = create_backup(alias=ALIAS, verify="none")
    shop.run("DELETE FROM orders")
    connections[ALIAS].close()
    engine = get_engine(ALIAS)
    with engine.drafted(
        dump_source(backup_storage(), manifest),
        engine.database_name,
        like=manifest.contents,
        check=require_whole(manifest),
    ) as draft:
        yield engine, draft


@contextmanager
def hammered(shop: Shop, *, start: int = 1000) -> Iterator[list[int]]:
    """Insert rows from several connections meanwhile; give those acknowledged."""
    done, numbers, acknowledged = Event(), count(start), list[int]()

    def write() -> None:
        connection = shop.connect()
        while not done.is_set():
            number = next(numbers)
            try:
                connection.execute(f"INSERT INTO orders VALUES ({number}, 'new', 1)")  # noqa: S608 -- a number
                acknowledged.append(number)
            except (sqlite3.Error, psycopg.Error):
                connection.close()
                connection = reopened()
        connection.close()

    def reopened():
        while True:
            try:
                return shop.connect()
            except psycopg.Error:
                time.sleep(0.01)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write) for _ in range(WRITERS)]
        try:
            time.sleep(0.3)
            yield acknowledged
            time.sleep(0.3)
        finally:
            done.set()
        for each in writing:
            each.result()


def orders(shop: Shop, database: str = "") -> set[int]:
    return {number for (number,) in shop.run("SELECT id FROM orders", database)}


def test_no_commit_of_a_writer_is_lost_in_a_swap_or_on_the_way_back(
    shop: Shop,
) -> None:
    backed_up = set(range(300))
    with drafted(shop) as (engine, draft), hammered(shop) as acknowledged:
        assert engine.swap(draft, STAMP) == []
    (kept,) = engine.kept_copies()
    assert kept.name == engine.kept_name(STAMP)
    old, live = orders(shop, kept.name), orders(shop)
    assert backed_up <= live
    assert not backed_up & old
    assert old | live >= set(acknowledged)
    assert not old & live
    assert len(live) > 300, "the writers go on in the new one"
    assert old, "there was a load before"
    with hammered(shop, start=1_000_000) as late, engine.reopened(kept.name) as draft:
        engine.swap(draft, LATER)
    (kept,) = engine.kept_copies()
    assert orders(shop) >= old
    assert {*acknowledged, *late} - orders(shop) - orders(shop, kept.name) == set()
    assert not backed_up & orders(shop)


def test_a_failed_swap_leaves_the_live_one_open(shop: Shop) -> None:
    with drafted(shop) as (engine, draft):
        kept = engine.kept_name(STAMP)
        if shop.engine == "postgresql":
            shop.run(f'CREATE DATABASE "{kept}"', "postgres")
        else:
            Path(kept).mkdir()
        with pytest.raises(DbopsError):
            engine.swap(draft, STAMP)
    shop.run("INSERT INTO orders VALUES (7, 'still open', 1)")
    assert shop.count("orders") == 1
    assert sorted(shop.databases()) == sorted([shop.name, kept])


def test_a_lost_database_is_taken_the_place_of(shop: Shop) -> None:
    with drafted(shop) as (engine, draft):
        if shop.engine == "postgresql":
            shop.run(f'DROP DATABASE "{shop.name}" WITH (FORCE)', "postgres")
        else:
            Path(shop.name).unlink()
        assert not engine.look().is_there
        assert engine.swap(draft, STAMP) == []
    assert orders(shop) == set(range(300))
    assert engine.kept_copies() == []


@pytest.mark.sqlite
def test_a_connection_from_before_the_swap_goes_on_in_the_new_rows(shop: Shop) -> None:
    old = shop.connect()
    with drafted(shop) as (engine, draft):
        assert old.execute("SELECT COUNT(*) FROM orders").fetchone() == (0,)
        engine.swap(draft, STAMP)
    assert old.execute("SELECT COUNT(*) FROM orders").fetchone() == (300,)
    old.execute("INSERT INTO orders VALUES (1000, 'late', 1)")
    assert shop.count("orders") == 301
    assert shop.run("PRAGMA journal_mode") == [("wal",)]
    assert shop.run("PRAGMA integrity_check") == [("ok",)]
    old.close()


@pytest.mark.sqlite
def test_pages_of_another_size_are_made_to_fit(shop: Shop) -> None:
    with drafted(shop) as (engine, draft):
        shop.run("PRAGMA journal_mode = DELETE")
        with closing(shop.connect()) as connection:
            connection.executescript("PRAGMA page_size = 8192; VACUUM")
        shop.run("PRAGMA journal_mode = WAL")
        engine.swap(draft, STAMP)
    assert orders(shop) == set(range(300))
    assert shop.run("PRAGMA page_size") == [(8192,)]


@pytest.mark.postgresql
def test_what_belongs_to_the_database_itself_goes_with_the_name(shop: Shop) -> None:
    name, role = shop.name, f"reader {shop.name[5:]}"
    shop.run(f'CREATE ROLE "{role}"')
    for statement in (
        f'ALTER DATABASE "{name}" SET search_path TO "$user", public, "a b"',
        f"ALTER DATABASE \"{name}\" SET work_mem TO '7MB'",
        f"ALTER DATABASE \"{name}\" SET stateset.colour TO 'it''s blue'",
        f'ALTER ROLE "{role}" IN DATABASE "{name}" SET lock_timeout TO 5000',
        f'ALTER DATABASE "{name}" CONNECTION LIMIT 77',
        f"COMMENT ON DATABASE \"{name}\" IS 'Ada''s shop'",
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{name}" TO "{role}" WITH GRANT OPTION',
    ):
        shop.run(statement)
    try:
        before = properties(shop, name)
        with drafted(shop) as (engine, draft):
            assert engine.swap(draft, STAMP) == []
        assert properties(shop, name) == before
        assert "work_mem=7MB" in str(before)
    finally:
        for database in (name, engine.kept_name(STAMP)):
            shop.run(f'DROP DATABASE "{database}" WITH (FORCE)', "postgres")
        shop.run(f'DROP ROLE "{role}"', "postgres")


PROPERTIES = """
    SELECT datdba, datconnlimit, datacl::text, shobj_description(oid, 'pg_database'),
        (SELECT array_agg((setrole, setconfig)::text ORDER BY setrole)
         FROM pg_db_role_setting WHERE setdatabase = d.oid)
    FROM pg_database d WHERE datname = '{}'
"""


def properties(shop: Shop, name: str) -> list[tuple[object, ...]]:
    return shop.run(PROPERTIES.format(name), "postgres")


@pytest.mark.sqlite
def test_the_line_that_removes_a_kept_copy_is_one_for_the_shell(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shop.name).with_name("it's our shop")
    folder.mkdir()
    monkeypatch.setitem(
        connections[ALIAS].settings_dict, "NAME", str(folder / "live.db")
    )
    engine = get_engine(ALIAS)
    kept = Path(engine.kept_name(STAMP))
    for path in (kept, Path(f"{kept}-wal")):
        path.touch()
    (copy,) = engine.kept_copies()
    subprocess.run(["/bin/sh", "-c", copy.removal], check=True)
    assert list(folder.iterdir()) == []


@pytest.mark.sqlite
def test_a_broken_file_that_was_moved_away_by_a_killed_swap_is_put_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with drafted(shop) as (engine, draft):
        live = Path(shop.name)
        live.write_bytes(b"what is left of it")
        live.with_name("shop.db-wal").write_bytes(b"its newest rows")
        monkeypatch.setattr(swap, "name_draft", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.swap(draft, STAMP, is_readable=False)
        assert not live.exists()
        assert not engine.is_swapped(STAMP, had_live=True)
        kept = Path(engine.kept_name(STAMP))
        assert f"{kept.name}, which was the live one" in engine.leftovers(STAMP)
        engine.take_back(STAMP)
        assert live.read_bytes() == b"what is left of it"
        assert live.with_name("shop.db-wal").read_bytes() == b"its newest rows"
        assert engine.leftovers(STAMP) == []
        # Whoever connected meanwhile has made an empty file, which is no database.
        live.rename(kept)
        sqlite3.connect(live).execute("PRAGMA journal_mode = WAL").connection.close()
        assert f"{kept.name}, which was the live one" in engine.leftovers(STAMP)
        engine.take_back(STAMP)
        assert live.read_bytes() == b"what is left of it"
        # A copy beside a file that nobody can read may be the only one.
        kept.write_bytes(b"rows")
        engine.take_back(STAMP)
        assert kept.read_bytes() == b"rows"
