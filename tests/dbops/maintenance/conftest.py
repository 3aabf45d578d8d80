from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.dbops.shop import TABLES, Shop

APPS = ("tests.dbops.bookshop", "tests.dbops.bookclub")


@pytest.fixture
def bare(shop: Shop, settings: Settings) -> Shop:
    """Make an empty database, for a project of two small apps and no command."""
    for table in sorted(TABLES, reverse=True):
        shop.run(f"DROP TABLE {table}")
    settings.INSTALLED_APPS = list(APPS)
    return shop
