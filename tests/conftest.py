"""Fixtures for things with a life of their own; everything else is a function."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from stateset.system.triggers import ledgers_open, triggers_of
from tests.services.redis import redis_server

ON_DEMAND = {Path(__file__).parent / name for name in ("faults", "ha", "benchmarks")}
"""Long ones: collected only where the command line names them."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path not in ON_DEMAND:
        return None
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return not any(path.is_relative_to(collection_path) for path in named) or None


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the address of a Redis that belongs to the tests."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    with redis_server() as server:
        yield server.url


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Let Django empty the append-only tables after a test with real commits."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_all(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
        triggers = triggers_of(self.connection)
        with ledgers_open(self.connection.alias):
            triggers.remove_session(self.connection)
            flush(self, sql_list)
        triggers.install(self.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_all)
        yield
