"""Lines of returns: how many units come back, and what becomes of each."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from orders.models import OrderItem
from returns.models.return_request import ReturnRequest
from stateset.lib.constraints import check, not_negative, one_of, positive
from stateset.lib.fields import MoneyField
from stateset.lib.models import Record


class ReturnItemCondition(models.TextChoices):
    UNKNOWN = "", "Not inspected"
    NEW = "new", "New"
    OPENED = "opened", "Opened"
    DAMAGED = "damaged", "Damaged"
    DEFECTIVE = "defective", "Defective"
    MIXED = "mixed", "Mixed"


class ReturnItemQuerySet(models.QuerySet["ReturnItem"]):
    def live(self) -> ReturnItemQuerySet:
        """Return the lines of returns that were neither rejected nor cancelled."""
        return self.exclude(return_request__status__in=ReturnRequest.ENDED_STATUSES)


class ReturnItem(Record):
    """How many of one order line come back, and what was done with them.

    Units are asked for, approved (perhaps fewer), received in one parcel or several,
    and after the inspection restocked, quarantined or scrapped; a line may be split.
    ``mixed`` is the condition of units that are not all alike.
    """

    Condition = ReturnItemCondition

    SELLABLE = (Condition.NEW, Condition.OPENED, Condition.MIXED)
    """Conditions in which at least some units may go back on the shelf."""

    return_request = models.ForeignKey(
        ReturnRequest,
        on_delete=models.CASCADE,
        db_column="return_id",
        db_index=False,
        related_name="items",
    )
    order_item = models.ForeignKey(
        OrderItem, on_delete=models.PROTECT, related_name="return_items"
    )
    quantity = models.PositiveIntegerField()
    quantity_approved = models.PositiveIntegerField(default=0, editable=False)
    quantity_received = models.PositiveIntegerField(default=0, editable=False)
    quantity_restocked = models.PositiveIntegerField(default=0, editable=False)
    quantity_quarantined = models.PositiveIntegerField(default=0, editable=False)
    quantity_scrapped = models.PositiveIntegerField(default=0, editable=False)
    condition = models.CharField(
        max_length=10, choices=Condition, blank=True, editable=False
    )
    refund_amount = MoneyField(editable=False)
    restocked_at = models.DateTimeField(null=True, editable=False)

    objects = ReturnItemQuerySet.as_manager()

    class Meta:
        db_table = "return_items"
        db_table_comment = "Lines of returns"
        constraints = [
            models.UniqueConstraint(
                fields=["return_request", "order_item"],
                name="return_item_unique",
                violation_error_message="This order line is on the return already.",
            ),
            one_of(
                "condition", ReturnItemCondition, name="return_item_condition_known"
            ),
            positive("quantity", name="return_item_quantity_positive"),
            not_negative("refund_amount", name="return_item_refund_not_negative"),
            check(
                Q(quantity_approved__lte=F("quantity")),
                name="return_item_approved_within",
                message="No more can be approved than was asked for.",
            ),
            check(
                Q(quantity_received__lte=F("quantity_approved")),
                name="return_item_received_within",
                message="More can't come back than was agreed.",
            ),
            check(
                Q(
                    quantity_received__gte=F("quantity_restocked")
                    + F("quantity_quarantined")
                    + F("quantity_scrapped")
                ),
                name="return_item_units_within_received",
                message="No more can be put away than came back.",
            ),
            check(
                Q(quantity_restocked=0) | Q(condition__in=("new", "opened", "mixed")),
                name="return_item_restock_is_sellable",
                message="Only new or opened goods go back on the shelf.",
            ),
            check(
                ~Q(condition="mixed")
                | Q(quantity_restocked__lt=F("quantity_received")),
                name="return_item_mixed_not_all_sellable",
                message="Of goods in mixed condition some do not go on the shelf.",
            ),
            check(
                Q(quantity_restocked=0, restocked_at__isnull=True)
                | Q(quantity_restocked__gt=0, restocked_at__isnull=False),
                name="return_item_restocked_has_time",
                message="A line has a time of restocking exactly when units were.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_item}"

    @property
    def open_quantity(self) -> int:
        """Return the units that were approved and have not come."""
        return self.quantity_approved - self.quantity_received
