from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db

DOCUMENTED = """\
users api_keys refresh_tokens password_reset_tokens
orders order_items fulfillment_orders
inventory inventory_allocations inventory_reservations inventory_transactions
returns return_items return_approvals
shipments shipment_items shipment_tracking
warranties warranty_claims
bill_of_materials bom_line_items work_orders work_order_operations
purchase_orders purchase_order_items advanced_shipping_notices
cash_sales invoices payments item_receipts
products product_variants carts cart_items customers addresses
events outbox audit_log
""".split()  # noqa: SIM905 - by the groups of the guide
"""The tables of the database guide, by its groups: names are a contract."""

GUIDE_INDEXES = {
    "idx_orders_customer_id": ["customer_id"],
    "idx_orders_created_at": ["created_at"],
    "idx_orders_status_created": ["status", "created_at"],
    "idx_orders_active": ["customer_id"],
}


def test_the_documented_tables_are_all_there():
    assert len(DOCUMENTED) == 39
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
    assert set(DOCUMENTED) <= present


def test_the_indexes_of_the_guide_exist_by_name():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "orders")
    indexes = {name: found[name]["columns"] for name in GUIDE_INDEXES}
    assert indexes == GUIDE_INDEXES


def test_every_foreign_key_has_an_index_that_starts_with_it():
    without = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if not model._meta.managed:
                continue
            table = model._meta.db_table
            constraints = connection.introspection.get_constraints(cursor, table)
            leading = {
                info["columns"][0]
                for info in constraints.values()
                if info["columns"] and (info["index"] or info["unique"])
            }
            without += [
                f"{table}.{field.column}"
                for field in model._meta.local_fields
                if field.remote_field and field.column not in leading
            ]
    assert without == []


def test_a_partial_index_is_not_the_only_one_of_a_foreign_key():
    lacking = []
    for model in apps.get_models():
        whole = {
            index.fields[0]
            for index in model._meta.indexes
            if index.fields and index.condition is None
        } | {
            constraint.fields[0]
            for constraint in model._meta.constraints
            if getattr(constraint, "fields", ()) and constraint.condition is None
        }
        lacking += [
            f"{model._meta.db_table}.{field.name}"
            for field in model._meta.local_fields
            if field.remote_field
            and not (field.db_index or field.unique)
            and field.name not in {name.removeprefix("-") for name in whole}
        ]
    assert lacking == []
