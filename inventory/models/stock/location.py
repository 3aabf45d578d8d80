"""Locations: where stock lies."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from stateset.lib.constraints import check, one_of
from stateset.lib.models import Document


class LocationKind(models.TextChoices):
    WAREHOUSE = "warehouse", "Warehouse"
    STORE = "store", "Store"
    QUARANTINE = "quarantine", "Quarantine"


class Location(Document):
    """One place that holds stock; only warehouses and stores sell from it."""

    Kind = LocationKind

    SELLING_KINDS = (Kind.WAREHOUSE, Kind.STORE)

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.WAREHOUSE)
    line1 = models.CharField("address", max_length=255, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country_code = models.CharField(max_length=2, blank=True)
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(
        default=False, help_text="Orders ship from here unless they say otherwise."
    )

    class Meta:
        db_table = "locations"
        db_table_comment = "Places that hold stock"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="location_one_default",
                violation_error_message="Another location is the default already.",
            ),
            one_of("kind", LocationKind, name="location_kind_known"),
            check(
                ~Q(is_default=True, kind=LocationKind.QUARANTINE),
                name="location_default_sells",
                message="A quarantine location can't be the default.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        """Refuse to make a quarantine of what is promised to documents."""
        super().clean()
        if self._state.adding or self.sells:
            return
        promised = Q(reserved__gt=0) | Q(allocated__gt=0)
        if self.stock_levels.filter(promised).exists():
            message = "Stock here is promised to documents: it can't be a quarantine."
            raise ValidationError({"kind": message})

    @property
    def sells(self) -> bool:
        """Return whether stock here may be promised to customers."""
        return self.kind in self.SELLING_KINDS
