"""Copies for staging: the company's books, and nobody real in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

import orders.anonymise
from dbops.backups.create import create_backup
from dbops.errors import RestoreRefusedError
from dbops.recovery.anonymise import Anonymised, restore_anonymised
from orders.models import Address, Customer, Order
from stateset.accounts.models import ApiKey, User
from stateset.lib.anonymise import AnonymiseRefusedError
from stateset.lib.databases import unapplied_migrations
from stateset.lib.invariants import all_invariants, violations
from stateset.system.models import AuditEntry, OutboxMessage, Seal
from tests.dbops.recovery.planting import WORD, plant
from tests.dbops.shop import PostgresqlShop, Shop
from tests.orders.builders import make_address, make_customer, make_order

ROWS = "SELECT t::text FROM {} t"


def anonymised(books: Shop) -> Anonymised:
    create_backup(verify="none")
    return restore_anonymised(into=books.new_name())


@contextmanager
def opened(name: str) -> Iterator[None]:
    """Let the alias ``default`` stand for a copy while the block runs."""
    connection = connections["default"]
    connection.close()
    live, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = live


def everything(books: Shop, name: str) -> str:
    """Return all that can be read of a database: rows, and what is known of them."""
    if not isinstance(books, PostgresqlShop):
        return Path(name).read_bytes().decode("latin-1").lower()
    tables = books.run(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name)"
        " FROM information_schema.tables WHERE table_schema = 'public'",
        name,
    )
    rows = [
        row
        for (place,) in [*tables, ("pg_catalog.pg_stats",)]
        for row in books.run(ROWS.format(place), name)
    ]
    return "\n".join(text for (text,) in rows).lower()


@pytest.mark.long
def test_no_word_of_a_person_is_left_and_the_books_are_right(
    books: Shop, settings: Settings
) -> None:
    settings.BACKUP_JOBS = 2
    # No dump has their rows.
    assert set(plant()) == {
        "dbops.HealthSample",
        "dbops.RestoreRequest",
        "dbops.ScheduledRun",
    }
    books.run("ANALYZE")
    connections["default"].close()
    made = anonymised(books)
    copy = made.restored.target
    assert WORD in everything(books, books.name)
    found = everything(books, copy)
    assert WORD not in found, found[max(0, found.find(WORD) - 200) :][:300]
    with opened(copy):
        assert list(violations(all_invariants())) == []
        assert not Seal.objects.exists()
        assert not ApiKey.objects.exists()
        assert not any(user.has_usable_password() for user in User.objects.all())
        assert not OutboxMessage.objects.exclude(status="held").exists()
        last = AuditEntry.objects.latest("pk")
        assert last.action == "database.anonymised"
        assert "made up" in last.reason
        assert Order.objects.count() > 1
    assert books.files() != []
    # The company itself is as it was.
    assert Seal.objects.exists()
    assert not AuditEntry.objects.filter(action="database.anonymised").exists()


def test_a_person_is_the_same_one_in_every_table(books: Shop) -> None:
    grace = make_customer(
        first_name="Grace", last_name="van Quimby", email="grace@q.example"
    )
    at_home = {"name": "Grace van Quimby", "line1": "Elm Row 7", "phone": "+44 1 23"}
    address = make_address(grace, **at_home, postal_code="SW1A 1AA", country_code="GB")
    make_order(customer=grace, shipping_address=address)
    twin = make_customer(first_name="Grace", last_name="Hopper", phone="(+44) 123")
    numbers = set(Order.objects.values_list("order_number", flat=True))
    create_backup(verify="none")
    output = StringIO()
    copy = books.new_name()
    call_command("restore", latest=True, into=copy, anonymise=True, stdout=output)
    assert f"into {copy}, anonymised: " in output.getvalue()
    with opened(copy):
        was, other = Customer.objects.get(pk=grace.pk), Customer.objects.get(pk=twin.pk)
        order, home = Order.objects.get(), Address.objects.get()
        (entry,) = AuditEntry.objects.filter(resource_id=str(grace.pk), action="insert")
        assert set(Order.objects.values_list("order_number", flat=True)) == numbers
    assert was.email is not None
    assert was.email.endswith("@example.com")
    assert order.customer_email == entry.changes["email"][1] == was.email
    assert home.name == f"{was.first_name} {was.last_name}"
    assert order.shipping_address == home.snapshot()
    assert (other.first_name, other.phone) == (was.first_name, home.phone)
    assert other.last_name != was.last_name
    assert home.country_code == "GB"
    assert [each.isdigit() for each in home.postal_code] == [
        each.isdigit() for each in "SW1A 1AA"
    ]


def test_nothing_is_made_while_a_column_has_no_rule(
    books: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_backup(verify="none")
    undecided = [each for each in orders.anonymise.TABLES if each.model is not Order]
    monkeypatch.setattr(orders.anonymise, "TABLES", undecided)
    before = books.databases()
    with pytest.raises(AnonymiseRefusedError) as caught:
        restore_anonymised(into=books.new_name())
    assert caught.value.why == (
        "orders.Order.order_number, orders.Order.customer_email,"
        " orders.Order.payment_failure, orders.Order.shipping_method,"
        " orders.Order.tracking_number and 6 more: no app says what becomes of it"
    )
    assert books.databases() == before


def test_a_column_or_a_table_of_no_model_is_refused(books: Shop) -> None:
    connections["default"].close()
    books.run("ALTER TABLE customers ADD COLUMN nickname varchar(20)")
    create_backup(verify="none")
    before = books.databases()
    with pytest.raises(AnonymiseRefusedError) as caught:
        restore_anonymised(into=books.new_name())
    assert caught.value.why == ("customers.nickname: in the database, but in no model")
    books.run("CREATE TABLE customers_before AS SELECT * FROM customers")
    create_backup(verify="none")
    with pytest.raises(AnonymiseRefusedError) as caught:
        restore_anonymised(into=books.new_name())
    assert caught.value.why == "customers_before: in the database, but in no model"
    assert books.databases() == before


@pytest.mark.postgresql
def test_a_large_object_is_refused_as_nobody_knows_what_is_in_it(books: Shop) -> None:
    connections["default"].close()
    books.run("SELECT lo_from_bytea(0, 'Ada Lovelace')")
    create_backup(verify="none")
    before = books.databases()
    with pytest.raises(AnonymiseRefusedError) as caught:
        restore_anonymised(into=books.new_name())
    assert caught.value.why == "1 large object: in the database, but in no model"
    assert books.databases() == before


@pytest.mark.long
def test_an_older_backup_is_migrated_and_one_of_another_release_refused(
    books: Shop,
) -> None:
    make_customer(email="ana@q.example")
    call_command("migrate", "system", "0001", verbosity=0)
    copy = anonymised(books).restored.target
    with opened(copy):
        assert unapplied_migrations(connections["default"]) == []
        assert Customer.objects.get().email != "ana@q.example"
    books.run(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('orders', '0099_later', CURRENT_TIMESTAMP)"
    )
    manifest = create_backup(verify="none")
    with pytest.raises(RestoreRefusedError) as caught:
        restore_anonymised(into=books.new_name())
    assert caught.value.why == (
        f"the backup {manifest.id} is of another release: the code does not know"
        " orders.0099_later"
    )


@pytest.mark.postgresql
def test_nobody_is_let_in_before_it_is_done(
    books: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def can_enter() -> list[str]:
        rows = books.run(
            "SELECT datname, has_database_privilege('pg_monitor', datname, 'CONNECT')"
            "::text FROM pg_database",
            "postgres",
        )
        # Other tests make copies on this server meanwhile.
        own = books.new_name()
        return [may for name, may in rows if name.startswith(own)]

    seen: list[str] = []

    def look(*_: object) -> int:
        seen.extend(can_enter())
        return 0

    monkeypatch.setattr("dbops.recovery.anonymise.anonymise", look)
    anonymised(books)
    assert seen == ["false"]
    assert can_enter() == ["true"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"latest": True}, "--anonymise would make up the live database's customers"),
        ({"foreign": "x.dump", "into": "y"}, "nobody knows which release"),
    ],
)
def test_only_a_copy_of_a_backup_is_anonymised(
    options: dict[str, object], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("restore", anonymise=True, **options)
