from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from dbops.engines.postgresql.space.bloat import (
    Statistics,
    btree_pages,
    heap_pages,
)
from dbops.engines.verbs.space.bloat import Bloat
from dbops.errors import TableNotFoundError
from dbops.monitoring.bloat import measure_bloat
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output, refusal

COLUMN = {"width": 4, "nulls": 0, "length": 4, "alignment": "i"}
NO_EXTENSION = (
    "the extension pgstattuple is not in this database; its owner or a superuser"
    " types: CREATE EXTENSION pgstattuple"
)


def of(table: str, alias: str = ALIAS) -> Bloat:
    (found,) = [
        each
        for each in measure_bloat(alias=alias).relations
        if each.table.name == table and not each.index
    ]
    return found


def rewrite_four_times(shop: Shop) -> None:
    """Make pitfall 1: all rows changed four times, then vacuumed."""
    shop.run("CREATE TABLE notes (id integer PRIMARY KEY, n integer, body text)")
    shop.run("ALTER TABLE notes SET (autovacuum_enabled = off)")
    shop.run(
        "INSERT INTO notes SELECT i, 0, repeat('x', 180)"
        " FROM generate_series(1, 8000) i"
    )
    for _ in range(4):
        shop.run("UPDATE notes SET n = n + 1")
    shop.run("VACUUM ANALYZE notes")


@pytest.mark.postgresql
def test_what_vacuum_has_cleared_is_bloat_all_the_same(shop: Shop) -> None:
    rewrite_four_times(shop)
    ((dead, beside),) = shop.run(
        "SELECT n_dead_tup, pg_total_relation_size(relid) - pg_relation_size(relid)"
        " - pg_indexes_size(relid) FROM pg_stat_user_tables WHERE relname = 'notes'"
    )
    assert dead == 0
    assert beside < 64 * 1024
    found = of("notes")
    assert found.certainty == "estimated"
    assert found.size is not None
    assert found.bloat is not None
    assert 0.75 < found.bloat / found.size < 0.85


@pytest.mark.postgresql
def test_the_estimate_and_the_measure_agree(shop: Shop) -> None:
    rewrite_four_times(shop)
    shop.run("CREATE SCHEMA tools")
    shop.run("CREATE EXTENSION pgstattuple SCHEMA tools")
    relations = measure_bloat(alias=ALIAS, table="notes").relations
    measured, index = relations
    assert {each.certainty for each in relations} == {"measured"}
    assert measured.bloat == pytest.approx(of("notes").bloat, rel=0.05)
    assert index.index == "notes_pkey"
    assert index.bloat is not None
    assert index.bloat > 0


@pytest.mark.postgresql
def test_a_table_as_new_is_not_bloated(shop: Shop) -> None:
    shop.run("CREATE TABLE mixed (flag boolean, id bigint, note text, day date)")
    shop.run(
        "INSERT INTO mixed SELECT true, i, 'note ' || i, '2026-11-28'"
        " FROM generate_series(1, 5000) i"
    )
    shop.run("CREATE UNIQUE INDEX ON mixed (id)")
    shop.run("ANALYZE mixed")
    found = of("mixed")
    assert found.size is not None
    assert found.bloat is not None
    assert found.bloat <= found.size * 0.05


@pytest.mark.postgresql
def test_without_statistics_nothing_is_claimed(shop: Shop) -> None:
    found = of("orders")
    assert (found.size, found.bloat, found.certainty) == (None, None, "unknown")
    assert found.note == "never analysed, which vacuum does"


@pytest.mark.postgresql
def test_a_column_of_names_is_not_estimated(shop: Shop) -> None:
    shop.run("CREATE TABLE roles (id name)")
    shop.run("INSERT INTO roles VALUES ('ada')")
    shop.run("ANALYZE roles")
    assert of("roles").note == (
        "columns of type name are stored wider than the statistics say"
    )


@pytest.mark.postgresql
@pytest.mark.usefixtures("plain_role")
def test_a_role_that_may_not_read_is_told_unknown(shop: Shop) -> None:
    shop.run("ANALYZE orders")
    found = of("orders", PLAIN)
    assert (found.bloat, found.note) == (
        None,
        "this role may not read the table, so not its statistics",
    )


@pytest.mark.postgresql
def test_without_the_extension_the_line_for_the_dba_is_given(shop: Shop) -> None:
    (found,) = measure_bloat(alias=ALIAS, table="orders").relations
    assert (found.bloat, found.certainty, found.note) == (
        None,
        "unknown",
        NO_EXTENSION,
    )
    stdout = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("db_bloat", "--exact=orders", database=ALIAS, stdout=stdout)
    assert caught.value.code == 1
    lines = stdout.getvalue().splitlines()
    assert lines[1].split() == ["orders", *["unknown"] * 4]
    assert lines[-1].endswith(" unknown empty in 1 tables and 0 indexes, 1 unknown")


@pytest.mark.postgresql
def test_a_role_that_may_not_measure_is_told_the_grant(
    shop: Shop, plain_role: str
) -> None:
    shop.run("CREATE EXTENSION pgstattuple")
    (found,) = measure_bloat(alias=PLAIN, table="orders").relations
    assert found.note == (
        "this role may not measure; a superuser types:"
        f' GRANT pg_stat_scan_tables TO "{plain_role}"'
    )


def test_a_table_that_is_not_there_is_an_error(shop: Shop) -> None:
    with pytest.raises(TableNotFoundError, match="There is no table 'nosuch'"):
        measure_bloat(alias=ALIAS, table="nosuch")
    error = refusal("db_bloat", "--exact=nosuch", f"--database={ALIAS}")
    assert str(error) == (
        "There is no table 'nosuch'.\n"
        "  why: the database has none of this name\n"
        "  fix: see the names with db_sizes"
    )


def test_a_table_of_any_name_is_measured(shop: Shop) -> None:
    shop.run('CREATE TABLE "Odd %s.""name""" (id INTEGER PRIMARY KEY)')
    (found, *_) = measure_bloat(alias=ALIAS, table='Odd %s."name"').relations
    assert str(found.table) == '"Odd %s.""name"""'


@pytest.mark.sqlite
def test_free_pages_and_free_room_are_measured_on_sqlite(shop: Shop) -> None:
    full = of("orders")
    shop.run("DELETE FROM orders WHERE id % 3 > 0")
    thin = of("orders")
    assert thin.certainty == "measured"
    assert (thin.bloat or 0) > (full.bloat or 0)
    shop.run("DROP TABLE orders")
    facts = measure_bloat(alias=ALIAS)
    assert facts.free is not None
    assert facts.free >= 4096
    assert facts.hint.startswith("vacuum --full")


@pytest.mark.sqlite
def test_one_table_of_a_file_is_measured_with_its_indexes(shop: Shop) -> None:
    shop.run('CREATE INDEX "On Note" ON orders (note)')
    relations = measure_bloat(alias=ALIAS, table="orders").relations
    assert [each.index for each in relations] == ["", '"On Note"']


def test_the_command_prints_both_tables(shop: Shop) -> None:
    shop.run("CREATE INDEX on_note ON orders (note)")
    shop.run("ANALYZE")
    lines = output("db_bloat", database=ALIAS).splitlines()
    assert lines[0].split() == ["table", "size", "empty", "percent", "certainty"]
    assert "indexes" in lines
    assert max(map(len, lines[:-1])) <= 80
    values = json.loads(output("db_bloat", "--json", database=ALIAS))
    assert {each["table"] for each in values["rows"]} == {
        *("orders", "customers", "django_migrations"),
    }
    assert values["unknown"] == 0


def statistics(columns: int, *, rows: float, fillfactor: int) -> Statistics:
    return Statistics(8192, 100, rows, fillfactor, [COLUMN] * columns)


def test_rows_are_packed_as_postgresql_packs_them() -> None:
    # 24 of header and 8 of two integers, and 4 that point to the row: 226 a page.
    assert heap_pages(statistics(2, rows=226, fillfactor=100)) == 1
    assert heap_pages(statistics(2, rows=227, fillfactor=100)) == 2
    assert heap_pages(statistics(2, rows=226, fillfactor=50)) == 2


def test_entries_stand_in_leaves_below_a_root_and_beside_the_first_page() -> None:
    # 8 of header, 8 of the key and 4 that point to it: 366 a leaf that is 90 % full.
    assert btree_pages(statistics(1, rows=366, fillfactor=90)) == 2
    assert btree_pages(statistics(1, rows=367, fillfactor=90)) == 4
