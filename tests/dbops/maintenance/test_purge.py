from __future__ import annotations

import json
import re
from contextvars import Context
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dbops.engines.registry import get_engine
from dbops.errors import NotMigratedError, OperationBusyError
from dbops.leases import leased
from dbops.maintenance import purge
from dbops.maintenance.purge import purge_records
from orders import retention
from orders.models import Cart, CartItem, Customer
from stateset.lib.retention import Rule
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output, refusal
from tests.orders.builders import NOON, make_cart, make_customer, make_variant

MUCH_LATER = NOON + timedelta(days=999)


@pytest.mark.django_db
def test_without_apply_it_counts_and_says_where_and_since_when():
    make_cart(at=timezone.now() - timedelta(days=200))
    lines = output("purge_records").splitlines()
    assert lines[0].split() == ["rule", "table", "before", "rows"]
    assert max(map(len, lines)) <= 80
    (carts,) = [line for line in lines if line.startswith("orders.carts")]
    assert re.fullmatch(r"orders\.carts +carts +90d ago +1", carts)
    assert lines[-1].endswith("1 row would go; add --apply to delete them")
    assert Cart.objects.exists()


@pytest.mark.django_db
def test_apply_deletes_by_the_rules_named():
    cart = make_cart(at=timezone.now() - timedelta(days=200))
    values = json.loads(output("purge_records", "orders.carts", "--apply", "--json"))
    (row,) = values["rows"]
    assert (row["rule"], row["deleted"], row["kept"]) == ("orders.carts", 1, 0)
    assert values["summary"] == "Deleted 1 row"
    assert not Cart.objects.filter(pk=cart.pk).exists()


def test_a_rule_that_is_not_there_is_a_wrong_argument():
    error = refusal("purge_records", "orders.cartons")
    assert error.returncode == 2
    assert str(error).startswith(
        "Nothing was purged.\n  why: there is no rule orders.cartons\n  fix: choose"
    )


@pytest.mark.django_db
def test_a_row_that_a_document_refers_to_stays(monkeypatch):
    """As Django says it: the cart's customer is protected."""
    offer(monkeypatch, lambda _before: Customer.objects.all())
    owner, _ = make_customer(), make_customer()
    make_cart(customer=owner)
    (part,) = purge_records(rules=["orders.carts"]).parts
    assert (part.found, part.deleted, part.kept) == (2, 1, 1)
    assert set(Customer.objects.all()) == {owner}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_table_refers_to_stays():
    """As only the database knows, and only when the transaction ends."""
    kept, _ = make_cart(at=NOON), make_cart(at=NOON)
    key = Cart._meta.pk.db_type(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE cart_notes (cart_id {key} NOT NULL"
            " REFERENCES carts (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute(
            "INSERT INTO cart_notes SELECT id FROM carts WHERE customer_id = %s",
            [Customer._meta.pk.get_db_prep_value(kept.customer_id, connection)],
        )
    try:
        result = purge_records(rules=["orders.carts"], at=MUCH_LATER)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE cart_notes")
    assert result.summary == "Deleted 1 row; 1 row stayed: something refers to them"
    assert set(Cart.objects.all()) == {kept}


@pytest.mark.django_db(transaction=True)
def test_a_run_that_breaks_off_keeps_whole_batches_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(purge, "BATCH", 2)
    for _ in range(5):
        CartItem.objects.create(
            cart=make_cart(at=NOON),
            variant=make_variant(),
            quantity=1,
            unit_price=1,
            line_total=1,
        )
    batches = []

    def break_off(batch):
        batches.append(batch)
        if len(batches) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        offer(patch, retention._left_behind, release=break_off)
        with pytest.raises(KeyboardInterrupt):
            purge_records(rules=["orders.carts"], at=MUCH_LATER)
    assert (Cart.objects.count(), CartItem.objects.count()) == (3, 3)
    (part,) = purge_records(rules=["orders.carts"], at=MUCH_LATER).parts
    assert part.deleted == 3
    assert not CartItem.objects.exists()


def test_a_database_that_is_not_migrated_is_told(shop: Shop):
    with pytest.raises(NotMigratedError) as caught:
        purge_records(alias=ALIAS)
    assert str(caught.value) == (
        "Nothing was purged.\n"
        f"  why: the database {ALIAS!r} has no table carts\n"
        "  fix: bring it up to date with `python manage.py migration up`"
    )


@pytest.mark.django_db
def test_it_waits_for_nobody(monkeypatch):
    with leased(get_engine(), "backup"), pytest.raises(OperationBusyError):
        Context().run(purge_records)


def offer(monkeypatch, rows, **options):
    rule = Rule("orders.carts", timedelta(), rows, **options)
    monkeypatch.setattr(retention, "rules", lambda: (rule,))
