"""The stock ledger: every change of a stock level, in order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from inventory.models.stock.level import StockLevel
from inventory.models.stock.references import ReferenceType
from stateset.lib.constraints import check, one_of
from stateset.lib.fields import CostField
from stateset.lib.models import LogRow


class StockTransactionType(models.TextChoices):
    RECEIVE = "receive", "Receive"
    SHIP = "ship", "Ship"
    RETURN = "return", "Return"
    ADJUST = "adjust", "Adjust"
    COUNT = "count", "Count"
    TRANSFER_OUT = "transfer_out", "Transfer out"
    TRANSFER_IN = "transfer_in", "Transfer in"
    RESERVE = "reserve", "Reserve"
    RELEASE = "release", "Release"
    ALLOCATE = "allocate", "Allocate"
    DEALLOCATE = "deallocate", "Deallocate"
    PRODUCE = "produce", "Produce"
    CONSUME = "consume", "Consume"
    SCRAP = "scrap", "Scrap"


class StockTransaction(LogRow):
    """One change of one stock level, and what the level was after it.

    Append-only: a mistake is undone by a row that reverses it.
    """

    Type = StockTransactionType

    level = models.ForeignKey(
        StockLevel,
        on_delete=models.PROTECT,
        db_column="inventory_id",
        db_index=False,
        related_name="transactions",
    )
    transaction_type = models.CharField(max_length=20, choices=Type)
    on_hand_delta = models.IntegerField(default=0)
    reserved_delta = models.IntegerField(default=0)
    allocated_delta = models.IntegerField(default=0)
    on_hand_after = models.PositiveIntegerField()
    reserved_after = models.PositiveIntegerField()
    allocated_after = models.PositiveIntegerField()
    unit_cost = CostField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    reference_type = models.CharField(max_length=32, choices=ReferenceType)
    reference_id = models.UUIDField()
    reference_line_id = models.UUIDField()
    idempotency_key = models.CharField(  # noqa: DJ001 - unique where given, and empty strings would collide
        max_length=255, null=True, unique=True, editable=False
    )
    actor = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="stock_transactions",
    )
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "inventory_transactions"
        db_table_comment = "Stock ledger; append-only"
        indexes = [
            models.Index(fields=["level", "-id"], name="idx_stock_ledger_level"),
            models.Index(
                fields=["reference_type", "reference_id"],
                name="idx_stock_ledger_reference",
            ),
            models.Index(
                fields=["transaction_type", "-occurred_at"],
                name="idx_stock_ledger_type",
            ),
            models.Index(fields=["-occurred_at"], name="idx_stock_ledger_occurred"),
        ]
        constraints = [
            one_of(
                "transaction_type",
                StockTransactionType,
                name="stock_transaction_type_known",
            ),
            one_of(
                "reference_type",
                ReferenceType,
                name="stock_transaction_reference_known",
            ),
            check(
                ~Q(on_hand_delta=0, reserved_delta=0, allocated_delta=0)
                | Q(transaction_type="count"),
                name="stock_transaction_changes_something",
                message="A stock transaction must change a quantity.",
            ),
            check(
                ~Q(transaction_type__in=("receive", "return", "produce"))
                | Q(on_hand_delta__gt=0),
                name="stock_transaction_inward_adds",
                message="Receiving, returning and producing add stock.",
            ),
            check(
                ~Q(transaction_type__in=("ship", "consume", "scrap", "transfer_out"))
                | Q(on_hand_delta__lt=0),
                name="stock_transaction_outward_takes",
                message="Shipping, consuming and scrapping take stock.",
            ),
            check(
                ~Q(transaction_type__in=("adjust", "count", "scrap")) | ~Q(reason=""),
                name="stock_transaction_reason_given",
                message="An adjustment, a count and scrap need a reason.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_transaction_type_display()} {self.id}"
