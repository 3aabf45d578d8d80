from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.indexes import ForeignKey, Index, IndexFacts, Remedies
from dbops.engines.verbs.space.names import TableName
from dbops.monitoring.indexes import (
    DUPLICATE,
    INVALID,
    MISSING,
    UNUSED,
    find_problems,
    judge,
    supports,
)
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output

WEEK = 7 * 86400.0
TABLE = TableName("", "papers", "papers")
REMEDIES = Remedies(
    create="CREATE INDEX ON {table} ({columns})",
    drop="DROP INDEX {index}",
    drop_constraint="ALTER TABLE {table} DROP CONSTRAINT {constraint}",
    rebuild="REINDEX {index}",
)


def make_index(name: str, *columns: str, **overrides) -> Index:
    values: dict[str, Any] = {
        "table": TABLE,
        "shown": name,
        "method": "btree",
        "columns": columns,
        "keys": columns,
        "scans": 0,
    }
    return Index(name=name, **values | overrides)


def make_reference(*columns: str) -> ForeignKey:
    return ForeignKey(TABLE, "a_reference", columns, ", ".join(columns), "parents")


def make_facts(*indexes: Index, **overrides) -> IndexFacts:
    values: dict[str, Any] = {
        "foreign_keys": (),
        "remedies": REMEDIES,
        "counted_seconds": 8 * 86400.0,
    }
    return IndexFacts(indexes, **values | overrides)


def names(kind: str, facts: IndexFacts) -> list[str]:
    return [each.name for each in judge(facts, kinds=[kind]).findings]


@pytest.mark.parametrize(
    ("index", "is_enough"),
    [
        (make_index("i", "a"), False),
        (make_index("i", "a", "b"), True),
        (make_index("i", "b", "a"), True),
        (make_index("i", "b", "a", "c"), True),
        (make_index("i", "c", "a", "b"), False),
        (make_index("i", "a", "c", "b"), False),
        (make_index("i", "a", "b", predicate="c > 0"), False),
        (make_index("i", "a", "b", is_valid=False), False),
        (make_index("i", "a", "b", method="brin"), False),
        (make_index("i", "a", "b", table=TableName("x", "papers", "x.papers")), False),
    ],
)
def test_a_reference_needs_its_columns_first_in_a_whole_index(
    index: Index, *, is_enough: bool
) -> None:
    assert supports(index, make_reference("a", "b")) == is_enough


@pytest.mark.parametrize(
    "overrides",
    [
        {"is_unique": True},
        {"constraint": "primary key"},
        {"constraint": "exclusion"},
        {"is_replica_identity": True},
        {"is_of_partition": True},
        {"is_valid": False},
        {"name": "a_b_1234_like"},
        {"columns": ("parent_id", "b")},
        {"scans": 1},
        {"scans": None},
    ],
)
def test_an_index_that_something_needs_is_not_unused(overrides) -> None:
    reference = make_reference("parent_id")
    other = replace(make_index("idle", "a"), **overrides)
    facts = make_facts(make_index("idle", "a"), other, foreign_keys=(reference,))
    assert names(UNUSED, facts) == ["idle"]


def test_young_statistics_are_not_enough() -> None:
    picture = judge(
        make_facts(make_index("idle", "a"), counted_seconds=WEEK - 3600, replicas=2),
        kinds=[UNUSED],
    )
    assert picture.findings == ()
    assert picture.notes == (
        "unused: not enough data, scans are counted for 6d and it takes 7d.",
        (
            "2 replicas: each counts its own scans, so look there too before an unused"
            " index goes."
        ),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_index("one", "a"), make_index("other", "a", "b")),
        (make_index("one", "a"), make_index("other", "a", is_unique=True)),
        (
            make_index("one", "a", is_unique=True),
            make_index("other", "a", is_unique=True, constraint="primary key"),
        ),
        (
            make_index("one", "a", included=("c",)),
            make_index("other", "a", "b", included=("c", "d")),
        ),
        (make_index("one", "a", included=("c",)), make_index("other", "a", "c")),
        (make_index("two", "a"), make_index("one", "a")),
    ],
)
def test_an_index_whose_work_another_does_is_a_duplicate(
    one: Index, other: Index
) -> None:
    assert names(DUPLICATE, make_facts(one, other)) == [one.name]
    assert names(DUPLICATE, make_facts(other, one)) == [one.name]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_index("one", "b"), make_index("other", "a", "b")),
        (make_index("one", "a", is_unique=True), make_index("other", "a", "b")),
        (
            make_index("one", "a", is_unique=True),
            make_index("other", "a", "b", is_unique=True),
        ),
        (
            make_index("one", "a", is_unique=True),
            make_index("other", "a", is_unique=True, nulls_differ=False),
        ),
        (make_index("one", "a", predicate="b > 0"), make_index("other", "a")),
        (make_index("one", "a", method="hash"), make_index("other", "a")),
        (
            make_index("one", "a", method="gin"),
            make_index("other", "a", "b", method="gin"),
        ),
        (
            make_index("one", "a", keys=("a text_pattern_ops",)),
            make_index("other", "a", keys=("a text_ops",)),
        ),
        (make_index("one", "a", included=("c",)), make_index("other", "a", "b")),
        (make_index("one", "a", is_valid=False), make_index("other", "a", "b")),
        (make_index("one", "a"), make_index("other", "a", "b", is_valid=False)),
        (
            make_index("one", "a", is_replica_identity=True),
            make_index("other", "a", "b"),
        ),
        (make_index("one", "a", is_of_partition=True), make_index("other", "a", "b")),
    ],
)
def test_two_that_differ_in_what_they_do_are_no_duplicates(
    one: Index, other: Index
) -> None:
    assert names(DUPLICATE, make_facts(one, other)) == []


def test_a_constraint_goes_as_a_constraint() -> None:
    one = make_index('un"ique', "a", is_unique=True, constraint="unique")
    key = make_index("key", "a", is_unique=True, constraint="primary key")
    (found,) = judge(make_facts(one, key), kinds=[DUPLICATE]).findings
    assert found.fix == (
        'ALTER TABLE papers DROP CONSTRAINT "un""ique" (no model has it)'
    )


def test_what_a_model_has_goes_in_the_model() -> None:
    orders = TableName("", "orders", "orders")
    facts = make_facts(
        make_index("idx_orders_created_at", "created_at", table=orders),
        make_index("orders_x", "created_by_id", table=orders),
        make_index("by_hand", "note", table=orders),
        make_index("auth_x", "name", table=TableName("", "auth_group", "auth_group")),
    )
    picture = judge(facts, kinds=[UNUSED])
    assert [each.fix for each in picture.findings] == [
        (
            "take idx_orders_created_at out of Meta.indexes of orders.Order, then"
            " makemigrations"
        ),
        "db_index=False on orders.Order.created_by, then makemigrations",
        "DROP INDEX by_hand (no model has it)",
    ]
    assert picture.notes == (
        (
            "1 more in tables of other packages or made by Django itself: there is"
            " nothing to be done about them here."
        ),
    )


def test_a_reference_of_a_model_gets_its_index_there() -> None:
    table = TableName("", "orders", "orders")
    one = replace(make_reference("customer_id"), table=table)
    two = replace(make_reference("customer_id", "location_id"), table=table)
    found = judge(make_facts(foreign_keys=(one, two)), kinds=[MISSING]).findings
    assert [each.fix for each in found] == [
        "db_index=True on orders.Order.customer, then makemigrations",
        (
            "Index(fields=['customer', 'location']) in Meta.indexes of orders.Order,"
            " then makemigrations"
        ),
    ]


def test_a_reference_without_index_is_found_on_a_real_table(shop: Shop) -> None:
    shop.run(
        'CREATE TABLE "Line.Items" (id INTEGER PRIMARY KEY,'
        ' "Order %" INTEGER NOT NULL REFERENCES orders (id))'
    )
    shop.run("CREATE INDEX on_customer ON orders (customer_id)")
    (found,) = find_problems(alias=ALIAS, kinds=[MISSING]).findings
    assert str(found.table) == '"Line.Items"'
    assert found.why == (
        "nothing finds the rows by Order %, so each delete in orders reads the whole"
        " table"
    )
    assert found.fix.startswith("CREATE INDEX ")
    assert found.fix.endswith('ON "Line.Items" ("Order %")')


def test_a_duplicate_is_found_on_a_real_table(shop: Shop) -> None:
    shop.run("CREATE INDEX narrow ON customers (name)")
    shop.run("CREATE INDEX wide ON customers (name, id)")
    shop.run("CREATE INDEX other_way ON customers (name DESC)")
    shop.run("CREATE INDEX only_some ON customers (name) WHERE id > 1")
    (found,) = find_problems(alias=ALIAS, kinds=[DUPLICATE]).findings
    assert (found.name, str(found.table)) == ("narrow", "customers")
    assert found.size is not None
    assert found.why == "wide begins with the same and does all that it does"


def test_expressions_are_not_mistaken_for_columns(shop: Shop) -> None:
    shop.run("CREATE INDEX on_lower ON customers (lower(name))")
    shop.run("CREATE INDEX on_upper ON customers (upper(name), id)")
    facts = get_engine(ALIAS).index_facts()
    found = {each.name: each.columns for each in facts.indexes}
    assert found["on_lower"] == ("",)
    assert found["on_upper"] == ("", "id")
    assert judge(facts, kinds=[DUPLICATE]).findings == ()


@pytest.mark.postgresql
def test_the_catalogue_is_read_whole(shop: Shop) -> None:
    shop.run('CREATE SCHEMA "Other"')
    shop.run(
        'CREATE TABLE "Other".things (a INT, b TEXT COLLATE "C", c INT,'
        ' CONSTRAINT "An A" UNIQUE (a) INCLUDE (c),'
        " CONSTRAINT apart EXCLUDE USING gist (int4range(a, c) WITH &&))"
    )
    shop.run('CREATE INDEX like_b ON "Other".things (b text_pattern_ops, a DESC)')
    found = {each.name: each for each in get_engine(ALIAS).index_facts().indexes}
    unique, apart, like = found["An A"], found["apart"], found["like_b"]
    assert unique.shown == '"Other"."An A"'
    assert (unique.table.schema, str(unique.table)) == ("Other", '"Other".things')
    assert (unique.constraint, unique.columns, unique.included) == (
        *("unique", ("a",)),
        ("c",),
    )
    assert (apart.constraint, apart.method, apart.columns) == (
        "exclusion",
        "gist",
        ("",),
    )
    assert like.columns == ("b", "a")
    assert like.keys[1].endswith(" 3")
    assert like.scans == 0


@pytest.mark.postgresql
def test_an_index_whose_building_broke_off_is_invalid(shop: Shop) -> None:
    shop.run("INSERT INTO customers VALUES (3, 'Ada')")
    with pytest.raises(Exception, match="could not create unique index"):
        shop.run("CREATE UNIQUE INDEX CONCURRENTLY one_name ON customers (name)")
    (found,) = find_problems(alias=ALIAS, kinds=[INVALID]).findings
    assert (found.name, found.fix) == (
        "one_name",
        "when nothing builds it any more, REINDEX INDEX CONCURRENTLY one_name",
    )


@pytest.mark.postgresql
def test_an_index_of_a_partition_goes_only_with_its_parents(shop: Shop) -> None:
    shop.run("CREATE TABLE logs (id INT) PARTITION BY RANGE (id)")
    shop.run("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (9)")
    shop.run("CREATE INDEX on_logs ON logs (id)")
    facts = replace(get_engine(ALIAS).index_facts(), counted_seconds=WEEK)
    scans = {each.name: each.scans for each in facts.indexes}
    assert scans["on_logs"] is None
    assert scans["logs_1_id_idx"] == 0
    assert names(UNUSED, facts) == []


@pytest.mark.sqlite
def test_use_is_unknown_on_sqlite_and_a_rowid_finds_references(shop: Shop) -> None:
    shop.run("CREATE TABLE notes (order_id INTEGER PRIMARY KEY REFERENCES orders (id))")
    picture = find_problems(alias=ALIAS, kinds=[MISSING, UNUSED])
    assert [each.table.name for each in picture.findings] == ["orders"]
    assert picture.notes == (
        "unused: unknown, this engine does not count how often an index is used.",
    )


@pytest.mark.django_db
def test_no_reference_of_the_project_lacks_an_index() -> None:
    picture = find_problems(alias="default", kinds=[MISSING])
    assert picture.findings == ()


def test_the_command_prints_paragraphs_and_json(shop: Shop) -> None:
    lines = output("db_indexes", "--kind=missing", database=ALIAS).splitlines()
    assert lines[0].split() == ["kind", "name"]
    assert lines[1].startswith("missing  ")
    assert lines[2:-1] == [
        "    of orders: nothing finds the rows by customer_id, so each delete in",
        "    customers reads the whole table. To mend it: db_index=True on",
        "    orders.Order.customer, then makemigrations",
    ]
    assert lines[-1].endswith(" 1 finding among 3 indexes")
    values = json.loads(output("db_indexes", "--json", f"--database={ALIAS}"))
    assert [each["kind"] for each in values["rows"]] == ["missing"]
    assert set(values["rows"][0]) == {"kind", "table", "name", "size", "why", "fix"}
