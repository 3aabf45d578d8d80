from __future__ import annotations

import os

import pytest

from tests.dbops.engines.postgresql.test_dump import clerk
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import refusal

pytestmark = pytest.mark.postgresql


def test_a_right_that_the_role_lacks_is_told(shop: Shop) -> None:
    shop.run("ALTER TABLE django_migrations ADD applied timestamptz")
    with clerk(shop):
        shop.run(f"REVOKE ALL ON django_migrations FROM clerk_{os.getpid()}")
        error = refusal("migration", "status", database=ALIAS)
    assert error.returncode == 1
    assert str(error) == (
        "The database refused it.\n"
        "  why: permission denied for table django_migrations\n"
        "  fix: use the role that owns the tables, or have it granted"
    )
