"""Sales over the counter."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from finance.models.payment import Payment
from inventory.models import Location
from orders.models import Order
from stateset.lib.constraints import (
    check,
    currency_code,
    not_negative,
    one_of,
    positive,
)
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class CashSaleQuerySet(models.QuerySet["CashSale"]):
    def of_today(self) -> CashSaleQuerySet:
        """Return the sales of today (UTC), the only ones that can be voided."""
        midnight = datetime.combine(timezone.now().date(), time(0), tzinfo=UTC)
        return self.filter(sold_at__gte=midnight)


class CashSaleStatus(models.TextChoices):
    COMPLETED = "completed", "Completed"
    VOIDED = "voided", "Voided"


class CashSale(Document):
    """Goods and money that changed hands at once, in a store."""

    Status = CashSaleStatus

    TRANSITIONS: ClassVar[Transitions] = {"completed": {"voided"}}

    sale_number = models.CharField("number", max_length=32, unique=True, editable=False)
    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, related_name="cash_sale"
    )
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, related_name="cash_sale"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="cash_sales"
    )
    cashier = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="cash_sales"
    )
    status = StatusField(choices=Status, default=Status.COMPLETED)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    currency = CurrencyField()
    amount = MoneyField()
    tendered_amount = MoneyField()
    change_amount = MoneyField(editable=False)
    sold_at = models.DateTimeField(default=timezone.now)

    objects = CashSaleQuerySet.as_manager()

    class Meta:
        db_table = "cash_sales"
        db_table_comment = "Sales over the counter"
        indexes = [models.Index(fields=["-sold_at"], name="idx_cash_sales_sold")]
        constraints = [
            one_of("status", CashSaleStatus, name="cash_sale_status_known"),
            currency_code(name="cash_sale_currency_code"),
            positive("amount", name="cash_sale_amount_positive"),
            not_negative("change_amount", name="cash_sale_change_not_negative"),
            check(
                Q(tendered_amount__gte=F("amount")),
                name="cash_sale_tendered_enough",
                message="The money tendered does not cover the sale.",
            ),
        ]

    def __str__(self) -> str:
        return self.sale_number
