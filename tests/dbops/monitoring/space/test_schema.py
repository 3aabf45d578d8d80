from __future__ import annotations

import json
import re

import pytest
from django.apps import apps

from dbops.monitoring.diagram import areas, column_type, diagram, page
from dbops.monitoring.schema import describe_tables
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output

LINE = re.compile(
    r"erDiagram"
    r"|    \w+ \{|    \}"
    r"|        [a-z]\w* \w+( (PK|FK|UK)(, (FK|UK))*)?"
    r"|    \w+ (\|\||\|o)--o[{|] \w+ : \w+"
)


def test_columns_are_those_of_the_database(shop: Shop) -> None:
    tables = {str(each.size.table): each for each in describe_tables(alias=ALIAS)}
    assert list(tables) == ["customers", "django_migrations", "orders"]
    orders = tables["orders"]
    assert orders.model == "orders.Order"
    key, note, customer = orders.columns
    assert (key.name, key.is_primary, key.is_nullable) == ("id", True, False)
    assert (note.name, note.type.lower(), note.is_unique) == ("note", "text", False)
    assert (customer.name, customer.references) == ("customer_id", "customers")


def test_unique_is_what_a_whole_index_holds_alone(shop: Shop) -> None:
    shop.run("CREATE UNIQUE INDEX one ON customers (name)")
    shop.run("CREATE UNIQUE INDEX two ON orders (note, id)")
    shop.run("CREATE UNIQUE INDEX three ON orders (customer_id) WHERE id > 500")
    unique = {
        column.name
        for each in describe_tables(alias=ALIAS)
        for column in each.columns
        if column.is_unique and not column.is_primary
    }
    assert unique == {"name"}


@pytest.mark.postgresql
def test_a_partitioned_table_is_one_table_of_another_schema(shop: Shop) -> None:
    shop.run('CREATE SCHEMA "My Logs"')
    shop.run('CREATE TABLE "My Logs".logs (id INT NOT NULL) PARTITION BY RANGE (id)')
    shop.run(
        'CREATE TABLE "My Logs".logs_1 PARTITION OF "My Logs".logs'
        " FOR VALUES FROM (1) TO (999)"
    )
    shop.run('INSERT INTO "My Logs".logs SELECT generate_series(1, 900)')
    shop.run('ANALYZE "My Logs".logs_1')
    (logs,) = [each for each in describe_tables(alias=ALIAS) if each.size.table.schema]
    assert str(logs.size.table) == '"My Logs".logs'
    assert (logs.model, logs.size.rows) == ("no model", 900)
    assert (logs.size.heap or 0) >= 32768


def test_the_command_prints_each_table_with_its_columns(shop: Shop) -> None:
    text = output("db_schema", database=ALIAS)
    # The server may have looked at the table while it was filled.
    assert re.search(
        r"^orders\norders\.Order, (\d+|unknown) rows, [\d.]+ KiB$", text, re.M
    )
    assert re.search(r"^customer_id +integer +no +→customers$", text, re.M | re.I)
    assert text.rstrip().endswith(" 3 tables with 8 columns")
    values = json.loads(output("db_schema", "--json", f"--database={ALIAS}"))
    assert values["rows"][0]["columns"][0] == {
        "column": "id",
        "type": values["rows"][0]["columns"][0]["type"],
        "null": False,
        "key": "PK",
    }


@pytest.mark.django_db
def test_the_columns_of_the_project_fit_on_80_columns() -> None:
    lines = output("db_schema").splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_every_line_of_a_diagram_is_mermaid() -> None:
    strange = [
        line
        for models in areas().values()
        for line in diagram(models).splitlines()
        if not LINE.fullmatch(line)
    ]
    assert strange == []


def test_a_room_of_an_app_is_an_area_of_its_own() -> None:
    found = {
        title: {model._meta.db_table for model in models}
        for title, models in areas().items()
    }
    assert "bom_line_items" in found["Inventory: manufacturing"]
    assert "orders" in found["Orders"]
    assert "users_groups" in found["Accounts"]


def test_a_reference_has_the_type_of_the_key_it_points_to() -> None:
    fields = apps.get_model("orders.Order")._meta
    assert column_type(fields.get_field("customer")) == "uuid"
    assert column_type(fields.get_field("total_amount")) == "numeric(19,4)"


def test_the_command_prints_the_page_and_nothing_else() -> None:
    assert output("db_schema", "--format=mermaid") == page()
    values = json.loads(output("db_schema", "--format=mermaid", "--json"))
    assert values["page"] == page()
