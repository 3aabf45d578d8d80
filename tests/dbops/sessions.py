"""Another session that keeps what an operation needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from tests.dbops.shop import Shop


@contextmanager
def locked(
    shop: Shop, table: str = "orders", *, mode: str = "ACCESS EXCLUSIVE"
) -> Iterator[None]:
    """Have another session keep a table in a mode, on SQLite the file from writers."""
    with LOCKS[shop.engine](shop, table, mode):
        yield


@contextmanager
def _lock_file(shop: Shop, _table: str, _mode: str) -> Iterator[None]:
    with closing(sqlite3.connect(shop.name)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _lock_table(shop: Shop, table: str, mode: str) -> Iterator[None]:
    with psycopg.connect(
        host=shop.settings["HOST"],
        port=shop.settings["PORT"],
        user=shop.settings["USER"],
        password=shop.settings["PASSWORD"],
        dbname=shop.name,
    ) as other:
        other.execute(f"LOCK TABLE {table} IN {mode} MODE".encode())
        yield


LOCKS = {"sqlite": _lock_file, "postgresql": _lock_table}
