from __future__ import annotations

import json
import re
import time

import pytest
from django.core.management import call_command

from dbops.errors import DatabaseInUseError, VacuumRefusedError
from dbops.maintenance.vacuum import (
    plan_vacuum,
    require_some,
    vacuum_database,
    vacuum_full,
)
from tests.dbops.engines.postgresql.test_dump import clerk
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output, refusal

pytestmark = pytest.mark.postgresql

HALF = "DELETE FROM orders WHERE id % 2 = 0"
ATTEMPTS = 8


def test_every_table_is_vacuumed_and_analyzed(shop: Shop) -> None:
    shop.run(HALF)
    shop.run('CREATE TABLE "50% off; ""now""" (id int)')
    result = vacuum_database(alias=ALIAS)
    assert {each.table for each in result.tables} == {
        *("customers", "django_migrations", "orders", '"50% off; ""now"""')
    }
    assert result.summary == f"Vacuumed 4 tables of {shop.name}"
    counted = shop.run(
        "SELECT relname FROM pg_class WHERE relname = 'orders' AND reltuples = 150"
    )
    assert counted == [("orders",)]


def test_the_plan_says_what_autovacuum_waits_for(shop: Shop) -> None:
    shop.run("ALTER TABLE orders SET (autovacuum_vacuum_threshold = 100)")
    shop.run("CREATE TABLE advanced_shipping_notices (id int)")
    vacuum_database(alias=ALIAS, tables=["customers"])
    shop.run(HALF)
    _dead_rows_counted(shop)
    lines = output("vacuum", "--plan", f"--database={ALIAS}").splitlines()
    assert lines[0].split() == [
        *("table", "size", "dead", "limit", "vacuum", "analyze", "why")
    ]
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(
        r"orders +\d+\.\d KiB +150 +100 +never +never +dead rows", lines[1]
    )
    (customers,) = [line for line in lines if line.startswith("customers")]
    assert re.fullmatch(r"customers +\d+\.\d KiB +0 +50 +\ds +\ds", customers)
    assert lines[-1].endswith("1 of 4 in need of it")


def test_a_plan_does_not_wait_for_a_locked_table(shop: Shop) -> None:
    with locked(shop):
        values = json.loads(output("vacuum", "--plan", "--json", f"--database={ALIAS}"))
    sizes = {row["table"]: row["size"] for row in values["rows"]}
    assert sizes["orders"] is None
    assert sizes["customers"] > 0


def test_a_locked_table_is_skipped_and_named(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(shop):
        result = vacuum_database(alias=ALIAS)
        with pytest.raises(SystemExit) as caught:
            call_command("vacuum", "orders", f"--database={ALIAS}")
    assert result.summary == (
        f"Vacuumed 2 tables of {shop.name}; orders was skipped: it is locked"
    )
    assert caught.value.code == 1
    assert re.search(
        r"^orders +skipped +\d\.\d+ +it is locked$", capsys.readouterr().out, re.M
    )


def test_full_gives_the_space_of_one_table_back(shop: Shop) -> None:
    # An analyze of its own accord would still see the rows that are to go.
    shop.run("ALTER TABLE orders SET (autovacuum_enabled = false)")
    shop.run(
        "INSERT INTO orders SELECT n, repeat('x', 500), 1"
        " FROM generate_series(1000, 3000) n"
    )
    shop.run("DELETE FROM orders WHERE id >= 1000")
    before = _size_of(shop, "orders")
    # Whoever just connects to the server may, for a moment, still see the rows.
    for _ in range(ATTEMPTS):
        printed = output(
            "vacuum", "orders", "--full", "--confirm=orders", f"--database={ALIAS}"
        )
        assert printed.endswith(f"Vacuumed orders of {shop.name}\n")
        if _size_of(shop, "orders") < before / 5:
            break
    assert _size_of(shop, "orders") < before / 5
    assert shop.count("orders") == 300


def test_full_does_not_wait_for_others(shop: Shop, impatient: None) -> None:
    with locked(shop), pytest.raises(DatabaseInUseError) as caught:
        vacuum_full(alias=ALIAS, table="orders")
    assert str(caught.value) == (
        "The table orders was not vacuumed.\n"
        "  why: others kept it locked for 0.2 seconds\n"
        "  fix: see who (db_locks), and try again in a quiet minute"
    )


def test_full_wants_its_table_named_twice(shop: Shop) -> None:
    error = refusal("vacuum", "--full", database=ALIAS)
    assert error.returncode == 2
    assert "so it takes one table by name" in str(error)
    error = refusal("vacuum", "orders", "--full", "--confirm=customers", database=ALIAS)
    assert error.returncode == 1
    assert str(error) == (
        "Nothing was changed.\n  why: 'customers' is not 'orders'\n"
        "  fix: give the name exactly: --confirm orders"
    )


def test_a_table_that_is_not_there_is_a_wrong_argument(shop: Shop) -> None:
    error = refusal("vacuum", "ordres", database=ALIAS)
    assert error.returncode == 2
    assert str(error) == (
        "Nothing was vacuumed.\n  why: there is no table ordres\n"
        "  fix: name it as vacuum --plan does"
    )


def test_a_table_of_another_role_is_skipped_and_named(shop: Shop) -> None:
    with clerk(shop):
        result = vacuum_database(alias=ALIAS, tables=["orders", "customers"])
        with pytest.raises(VacuumRefusedError, match="No table was vacuumed"):
            require_some(result)
        with pytest.raises(SystemExit) as ended:
            output("vacuum", f"--database={ALIAS}")
        with pytest.raises(VacuumRefusedError) as caught:
            vacuum_full(alias=ALIAS, table="orders")
    denied = result.skipped[0].skipped
    # As 15 and 16 on word it.
    assert re.fullmatch(
        'skipping "orders" --- only .* owner can vacuum it'
        '|permission denied to vacuum "orders", skipping it',
        denied,
    )
    assert len(result.skipped) == 2
    assert ended.value.code == 1
    assert str(caught.value) == (
        f"The table orders was not vacuumed.\n  why: {denied}\n"
        "  fix: use a role that owns it, and see that the server has room for a copy"
    )


def _dead_rows_counted(shop: Shop) -> None:
    """Wait until the server has counted what a session that ended deleted."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any(each.why for each in plan_vacuum(alias=ALIAS)):
            return
        time.sleep(0.05)


def _size_of(shop: Shop, table: str) -> int:
    return int(shop.run(f"SELECT pg_total_relation_size('{table}')")[0][0])
