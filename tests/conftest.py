"""Fixtures for things with a life of their own; everything else is a function."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from tests.fresh import kept_fresh
from tests.migrated import migrate_once
from tests.services.redis import redis_server
from tests.threads import close_kept

ON_DEMAND = {Path(__file__).parent / name for name in ("faults", "ha", "benchmarks")}
"""Long ones: collected only where the command line names them."""


# A shell has what it runs in the background ignore SIGINT, and children inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Have the database of this worker made of what an earlier one has kept."""
    with pytest.MonkeyPatch.context() as patch:
        migrate_once(patch)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Have a test with real commits leave the database as it was made."""
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        kept_fresh() as put_back,
    ):
        patch.setattr(
            TransactionTestCase, "_fixture_teardown", lambda _test: put_back()
        )
        with django_db_blocker.block():
            yield
        close_kept()
