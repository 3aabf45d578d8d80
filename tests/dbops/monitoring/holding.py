"""Sessions of a PostgreSQL shop that hold, wait, or stand idle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.dbops.shop import Shop

WAIT_SECONDS = 10.0
# A test that waits for itself fails, and does not hang.
LIMITS = "-c statement_timeout=20s"
WAITS = "SELECT 1 FROM pg_locks WHERE pid = {} AND NOT granted"
UPDATE = "UPDATE orders SET note = 'secret' WHERE id = 1"


@contextmanager
def session(shop: Shop, app: str, *, autocommit: bool = False) -> Iterator[Any]:
    """Open a session under a name of its own."""
    with psycopg.connect(
        host=shop.settings["HOST"],
        port=shop.settings["PORT"],
        user=shop.settings["USER"],
        password=shop.settings["PASSWORD"],
        dbname=shop.name,
        application_name=app,
        autocommit=autocommit,
        options=LIMITS,
    ) as opened:
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def holding(shop: Shop, app: str, statement: str = UPDATE) -> Iterator[int]:
    """Have a session stand idle in a transaction; yield its number."""
    with session(shop, app) as opened:
        opened.execute(statement)
        yield opened.info.backend_pid


@contextmanager
def waiting(shop: Shop, app: str, statement: str = UPDATE) -> Iterator[int]:
    """Have a session wait for somebody's lock; yield its number."""
    with session(shop, app) as opened, ThreadPoolExecutor(1) as thread:
        pid = opened.info.backend_pid
        ended: Future[Any] = thread.submit(opened.execute, statement)
        until(lambda: bool(shop.run(WAITS.format(pid))))
        try:
            yield pid
        finally:
            shop.run(f"SELECT pg_terminate_backend({pid}, 5000)", "postgres")
            ended.exception(timeout=WAIT_SECONDS)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another session is about to do."""
    ends = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)
