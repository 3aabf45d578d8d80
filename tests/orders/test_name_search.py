"""Part of a customer's name is found by index, where the server can have one."""

from __future__ import annotations

import pytest
from django.db import connection

from orders.models import Customer
from orders.name_search import (
    COLUMNS,
    check_name_search,
    lacking,
    make_indexes,
    on_post_migrate,
)

pytestmark = pytest.mark.django_db


@pytest.mark.postgresql
@pytest.mark.parametrize("column", COLUMNS)
def test_a_part_of_a_name_meets_the_index(column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = Customer.objects.filter(**{f"{column}__icontains": "meye"}).explain()

    assert f"idx_customers_{column}_part" in plan


@pytest.mark.postgresql
def test_a_missing_index_is_told_and_made_by_the_next_migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_customers_last_name_part")

    (warning,) = check_name_search(None, ["default"])
    assert warning.id == "orders.W001"
    assert "CREATE EXTENSION pg_trgm" in str(warning.hint)

    on_post_migrate(using="default")

    assert check_name_search(None, ["default"]) == []


@pytest.mark.postgresql
def test_a_role_that_may_not_make_the_extension_goes_without() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
        cursor.execute("CREATE ROLE searcher")
        cursor.execute("GRANT USAGE ON SCHEMA public TO searcher")
        cursor.execute("SET LOCAL ROLE searcher")

        make_indexes(connection)

        cursor.execute("RESET ROLE")
    assert len(lacking(connection)) == len(COLUMNS)


@pytest.mark.sqlite
def test_sqlite_needs_none() -> None:
    on_post_migrate(using="default")

    assert check_name_search(None, ["default"]) == []
