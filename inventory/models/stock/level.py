"""Stock levels: how many of a variant a location has, and for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When

from inventory.models.catalogue.product import ProductVariant
from inventory.models.stock.location import Location
from stateset.lib.constraints import check, not_negative
from stateset.lib.fields import CostField
from stateset.lib.models import Document

OPEN_UNITS = F("quantity") - F("quantity_fulfilled") - F("quantity_released")
"""The units that a promise still holds."""


class StockLevelQuerySet(models.QuerySet["StockLevel"]):
    def with_free(self, at: datetime) -> Any:
        """Add ``held``, reserved without what ran out, and ``free``, available with it.

        The columns count a reservation until it is closed; people are told what
        they would get. What ran out is little: only its levels are summed.
        """
        ran_out = Case(
            When(
                pk__in=_overdue(at).values("level"),
                then=Subquery(
                    _overdue(at)
                    .filter(level=OuterRef("pk"))
                    .values("level")
                    .annotate(units=Sum(OPEN_UNITS))
                    .values("units")
                ),
            ),
            default=Value(0),
            output_field=models.IntegerField(),
        )
        return self.annotate(
            held=F("reserved") - ran_out, free=F("available") + ran_out
        )

    def free_by_variant(self, at: datetime) -> dict[UUID, int]:
        """Return the free units of levels of one location, by variant."""
        return dict(self.with_free(at).values_list("variant_id", "free"))

    def none_free(self, at: datetime) -> StockLevelQuerySet:
        """Return the levels of which nothing is free."""
        return self.filter(available=0).exclude(pk__in=_overdue(at).values("level"))

    def low(self, at: datetime) -> StockLevelQuerySet:
        """Return the levels at or below their reorder point, where one is set."""
        after_all = _overdue(at).values("level").annotate(units=Sum(OPEN_UNITS))
        enough = F("level__reorder_point") - F("level__available")
        low = self.filter(reorder_point__gt=0, available__lte=F("reorder_point"))
        return low.exclude(pk__in=after_all.filter(units__gt=enough).values("level"))

    def sellable(self) -> StockLevelQuerySet:
        """Return the levels that customers may be promised from."""
        return self.filter(
            location__kind__in=Location.SELLING_KINDS, location__is_active=True
        )


def _overdue(at: datetime) -> Any:
    """Return the reservations that ran out and were not closed yet."""
    # Their table names this one, so it is not there to import yet.
    reservations: Any = apps.get_model("inventory", "StockReservation").objects
    return reservations.expired(at).order_by()


class StockLevel(Document):
    """Units of one variant at one location; each is available, reserved or allocated.

    Changed only by ``inventory.services.stock``: one conditional UPDATE and one
    ledger row in the same function, so the sums of the ledger equal the columns.
    """

    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="stock_levels"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="stock_levels"
    )
    on_hand = models.PositiveIntegerField(default=0, editable=False)
    reserved = models.PositiveIntegerField(default=0, editable=False)
    allocated = models.PositiveIntegerField(default=0, editable=False)
    available = models.GeneratedField(
        expression=F("on_hand") - F("reserved") - F("allocated"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    reorder_point = models.PositiveIntegerField(default=0)
    reorder_quantity = models.PositiveIntegerField(default=0)
    average_cost = CostField(default=0, editable=False)
    last_counted_at = models.DateTimeField(null=True, editable=False)

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        db_table = "inventory"
        db_table_comment = "Stock of each variant at each location"
        verbose_name = "stock level"
        indexes = [
            models.Index(
                fields=["location", "variant"], name="idx_inventory_location_item"
            ),
            models.Index(fields=["available"], name="idx_inventory_quantity"),
            models.Index(
                fields=["variant", "location"],
                condition=Q(reorder_point__gt=0, available__lte=F("reorder_point")),
                # Read by the low-stock tile and its list.
                name="idx_inventory_low_stock",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "location"],
                name="stock_level_variant_location_unique",
                violation_error_message="This variant has a level here already.",
            ),
            check(
                Q(on_hand__gte=F("reserved") + F("allocated")),
                name="stock_level_not_oversold",
                message="Reserved and allocated stock must not pass stock on hand.",
            ),
            not_negative("average_cost", name="stock_level_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} @ {self.location.code}"
