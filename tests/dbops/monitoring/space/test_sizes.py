from __future__ import annotations

import json
import re

import pytest

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.names import TableName
from dbops.engines.verbs.space.sizes import TableSize
from dbops.monitoring.sizes import AppSize, by_app, measure_sizes
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import DATED, output, refusal

ODD = '"Odd ""100%"".table"'


def make_size(name: str, total: int | None, *, schema: str = "") -> TableSize:
    return TableSize(
        table=TableName(schema, name, name),
        rows=1,
        is_counted=True,
        heap=total,
        indexes=0,
        toast=0,
    )


def grow(shop: Shop) -> None:
    """Make orders the biggest table, whatever the size of a page."""
    shop.run("INSERT INTO orders SELECT id + 300, note, customer_id FROM orders")


def test_the_biggest_table_comes_first_with_all_its_parts(shop: Shop) -> None:
    grow(shop)
    shop.run("CREATE INDEX on_note ON orders (note)")
    sizes = measure_sizes(alias=ALIAS)
    first = sizes.tables[0]
    assert first.table.name == "orders"
    assert first.indexes is not None
    assert first.indexes >= 4096
    assert first.total == (first.heap or 0) + first.indexes + (first.toast or 0)
    assert sizes.size >= sum(each.total or 0 for each in sizes.tables)


@pytest.mark.postgresql
def test_rows_are_estimated_and_unknown_before_the_first_analyze(shop: Shop) -> None:
    rows = {each.table.name: each.rows for each in measure_sizes(alias=ALIAS).tables}
    assert rows == {"customers": None, "django_migrations": None, "orders": None}
    shop.run("ANALYZE orders")
    (orders,) = [
        each for each in measure_sizes(alias=ALIAS).tables if each.rows is not None
    ]
    assert (orders.table.name, orders.rows, orders.is_counted) == ("orders", 300, False)


@pytest.mark.postgresql
@pytest.mark.usefixtures("plain_role")
def test_a_role_without_rights_sees_all_but_what_statistics_need() -> None:
    engine = get_engine(PLAIN)
    tables = engine.sizes().tables
    assert len(tables) == len(engine.schema()) == 3
    assert all(each.total for each in tables)
    assert engine.index_facts().foreign_keys
    assert engine.traffic() is not None


@pytest.mark.sqlite
def test_rows_are_counted_on_sqlite_and_log_and_free_pages_told(shop: Shop) -> None:
    shop.run("DROP TABLE customers")
    sizes = measure_sizes(alias=ALIAS)
    assert {each.table.name: each.rows for each in sizes.tables} == {
        "django_migrations": 2,
        "orders": 300,
    }
    assert all(each.is_counted for each in sizes.tables)
    assert sizes.parts["freelist"] >= 4096
    assert set(sizes.parts) == {"wal", "freelist"}


def test_odd_names_are_shown_as_sql_takes_them(shop: Shop) -> None:
    shop.run(f"CREATE TABLE {ODD} (id INTEGER PRIMARY KEY)")
    shown = [str(each.table) for each in measure_sizes(alias=ALIAS).tables]
    assert ODD in shown


def test_tables_add_up_by_app_and_one_unknown_makes_the_sum_unknown() -> None:
    tables = (
        make_size("orders", 100),
        make_size("customers", 50),
        make_size("invoices", None),
        make_size("notes", 7),
        make_size("orders", 3, schema="archive"),
    )
    assert by_app(tables) == [
        AppSize("orders", 2, 150),
        AppSize("no model", 2, 10),
        AppSize("finance", 1, None),
    ]


@pytest.mark.postgresql
def test_the_command_marks_estimates_and_what_is_unknown(shop: Shop) -> None:
    shop.run("ANALYZE orders")
    lines = output("db_sizes", database=ALIAS).splitlines()
    assert lines[0].split() == ["table", "rows", "heap", "indexes", "toast", "total"]
    assert re.fullmatch(
        r"orders +~300 +\d\d KiB +16 KiB +8\.0 KiB +\d\d KiB", lines[1]
    ), lines[1]
    assert lines[2].split()[:2] == ["customers", "unknown"]
    assert re.fullmatch(DATED + rf"{shop.name}: \d\.\d MiB in 3 tables", lines[-1]), (
        lines[-1]
    )


@pytest.mark.sqlite
def test_the_command_says_the_same_of_a_file(shop: Shop) -> None:
    grow(shop)
    lines = output("db_sizes", database=ALIAS).splitlines()
    assert lines[0].split() == ["table", "rows", "heap", "indexes", "total"]
    assert re.fullmatch(r"orders +600 +\d+\.?\d* KiB +0 B +\d+\.?\d* KiB", lines[1])
    assert re.fullmatch(
        DATED + r"shop\.db: \d+\.\d KiB in 3 tables, wal 0 B, freelist 0 B", lines[-1]
    ), lines[-1]


def test_json_has_bytes(shop: Shop) -> None:
    grow(shop)
    values = json.loads(output("db_sizes", "--json", f"--database={ALIAS}"))
    assert values["rows"][0]["table"] == "orders"
    assert values["rows"][0]["total"] > 1000
    assert values["size"] > 8192
    assert {each["app"] for each in values["apps"]} == {"orders", "migrations"}


def test_the_limit_is_a_number(shop: Shop) -> None:
    values = json.loads(output("db_sizes", "--json", "--limit=1", database=ALIAS))
    assert len(values["rows"]) == 1
    error = refusal("db_sizes", "--limit=0", f"--database={ALIAS}")
    assert str(error) == "Error: argument --limit: '0' is no whole number from 1 on"


@pytest.mark.django_db
def test_the_tables_of_the_project_fit_on_80_columns() -> None:
    lines = output("db_sizes", "--limit=99").splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert "finance" in " ".join(lines)
