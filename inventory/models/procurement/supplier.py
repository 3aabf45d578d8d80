"""Suppliers: whom goods are bought from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from stateset.lib.constraints import check, currency_code, one_of
from stateset.lib.fields import CurrencyField, StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class SupplierStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    BLOCKED = "blocked", "Blocked"


class Supplier(Document):
    """One company that goods are bought from; blocked ones get no new orders."""

    Status = SupplierStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "active": {"blocked"},
        "blocked": {"active"},
    }

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=255)
    contact_name = models.CharField(max_length=255, blank=True)
    email = models.EmailField(max_length=255, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    line1 = models.CharField("address", max_length=255, blank=True)
    city = models.CharField(max_length=100, blank=True)
    province = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country_code = models.CharField(max_length=2, blank=True)
    currency = CurrencyField()
    payment_terms_days = models.PositiveSmallIntegerField(default=30)
    status = StatusField(choices=Status, default=Status.ACTIVE)
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "suppliers"
        db_table_comment = "Companies that goods are bought from"
        indexes = [models.Index(fields=["name"], name="idx_suppliers_name")]
        constraints = [
            one_of("status", SupplierStatus, name="supplier_status_known"),
            currency_code(name="supplier_currency_code"),
            check(
                ~Q(name=""),
                name="supplier_name_given",
                message="Name must not be empty.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
