"""Which tables each branch has its own rows in, which all share, which stay empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from django.apps import apps
from django.db.models import CharField, Model, TextField, UniqueConstraint, UUIDField

from stateset.demo.errors import DemoRefusedError

OWN = (
    "finance.CashSale",
    "finance.Invoice",
    "finance.InvoiceLine",
    "finance.Payment",
    "finance.PaymentApplication",
    "fulfillment.FulfillmentOrder",
    "fulfillment.Shipment",
    "fulfillment.ShipmentItem",
    "fulfillment.TrackingEvent",
    "inventory.ItemReceipt",
    "inventory.Location",
    "inventory.PurchaseOrder",
    "inventory.PurchaseOrderItem",
    "inventory.ShippingNotice",
    "inventory.ShippingNoticeItem",
    "inventory.StockAllocation",
    "inventory.StockLevel",
    "inventory.StockReservation",
    "inventory.StockTransaction",
    "inventory.WorkOrder",
    "inventory.WorkOrderOperation",
    "orders.Address",
    "orders.Cart",
    "orders.CartItem",
    "orders.Customer",
    "orders.Order",
    "orders.OrderItem",
    "returns.ReturnApproval",
    "returns.ReturnItem",
    "returns.ReturnRequest",
    "returns.Warranty",
    "returns.WarrantyClaim",
    "system.Event",
)
"""Each branch has its rows."""

SHARED = (
    "accounts.ApiKey",
    "accounts.PasswordResetToken",
    "accounts.RefreshToken",
    "accounts.User",
    "accounts.User_groups",
    "inventory.BillOfMaterials",
    "inventory.BomLineItem",
    "inventory.Product",
    "inventory.ProductVariant",
    "inventory.Supplier",
)
"""The company has these rows once."""

LEFT_OUT = (
    "accounts.User_user_permissions",
    "admin.LogEntry",
    "auth.Group",
    "auth.Group_permissions",
    "auth.Permission",
    "contenttypes.ContentType",
    "dbops.HealthSample",
    "dbops.RestoreRequest",
    "dbops.SchedulePause",
    "dbops.ScheduledRun",
    "sessions.Session",
    "system.AuditEntry",
    "system.Erasure",
    "system.IntegrityRun",
    "system.NumberSequence",
    "system.OutboxMessage",
    "system.Seal",
)
"""Nothing is written here: of another kind, or there already. The series of numbers are
moved on by themselves, one note in the audit log stands for all, and nobody outside
waits to be told of the past."""

SUBJECT = {"system.Event": "aggregate_id"}
"""Rows that speak of a shared one exist once, too: the column that says of which."""

FIRST_ONLY = frozenset({"inventory.Location.is_default"})
"""What only one row may be: the first branch's is."""


def own_models() -> list[type[Model]]:
    """Return the models each branch has rows of, those referred to first."""
    return _in_order(OWN)


def shared_models() -> list[type[Model]]:
    """Return the models all branches share, those referred to first."""
    return _in_order(SHARED)


def distinct_columns(model: type[Model]) -> Iterator[str]:
    """Yield the text columns that must differ between branches, or none could be.

    Raises DemoRefusedError for a unique group that no branch could differ in.
    """
    label = model._meta.label
    groups: list[Sequence[str]] = [
        (field.name,) for field in model._meta.local_fields if field.unique
    ]
    groups += [
        constraint.fields
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    for names in groups:
        fields = [model._meta.get_field(name) for name in names]
        if any(_differs(field) for field in fields):
            continue
        texts = [field for field in fields if isinstance(field, CharField | TextField)]
        if texts:
            yield texts[-1].attname
        elif not all(f"{label}.{name}" in FIRST_ONLY for name in names):
            raise DemoRefusedError(
                "No demo data was made.",
                why=f"{label} allows only one row in all with the same {names}",
                fix="say in stateset/demo/branches/tables.py how branches differ there",
            )


def _differs(field: object) -> bool:
    """Return whether a column has another value in each branch anyway."""
    other = getattr(field, "related_model", None)
    if other is not None:
        return other._meta.label in OWN
    return isinstance(field, UUIDField) or bool(getattr(field, "primary_key", False))


def _in_order(labels: tuple[str, ...]) -> list[type[Model]]:
    models = {model._meta.label: model for model in all_models()}
    chosen = [models[label] for label in labels]
    # Lists, not sets: the order must be the same in every run.
    graph = {
        model: [
            field.related_model
            for field in model._meta.local_concrete_fields
            if field.related_model in chosen and field.related_model is not model
        ]
        for model in chosen
    }
    return list(TopologicalSorter(graph).static_order())


def all_models() -> list[type[Model]]:
    """Return every model that has a table of its own."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed]
