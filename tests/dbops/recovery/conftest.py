"""A live database with the project's own tables, which a test may replace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.dbops.recovery.books import MAKERS
from tests.dbops.shop import Shop


@pytest.fixture(scope="session")
def migrated(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Give the name of a migrated database: the run's own, if its tests need one."""
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    creation: Any = connection.creation
    name: str = creation._get_test_db_name()
    if str(before) == name:
        yield name
        return
    with django_db_blocker.unblock():
        creation.create_test_db(verbosity=0, autoclobber=True)
    yield name
    with django_db_blocker.unblock():
        creation.destroy_test_db(before, verbosity=0)


@pytest.fixture
def books(
    tmp_path: Path,
    backup_folder: Path,
    migrated: str,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Shop]:
    """Make the company's books, empty, as the database of the alias ``default``."""
    with (
        django_db_blocker.unblock(),
        MAKERS[connections["default"].vendor](tmp_path, backup_folder) as made,
    ):
        yield made
