"""Customers and their addresses."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper

from stateset.lib.constraints import check, one_of
from stateset.lib.fields import StatusField
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class CustomerStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    SUSPENDED = "suspended", "Suspended"


class Customer(Document):
    """One person or company that orders; suspended ones can't place orders."""

    Status = CustomerStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "active": {"inactive", "suspended"},
        "inactive": {"active", "suspended"},
        "suspended": {"active"},
    }

    customer_number = models.CharField("number", max_length=32, unique=True)
    email = models.EmailField(
        max_length=255,
        null=True,
        blank=True,
        unique=True,
        error_messages={"unique": "There is a customer with this e-mail already."},
    )
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    status = StatusField(choices=Status, default=Status.ACTIVE)
    accepts_marketing = models.BooleanField(default=False)
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "customers"
        db_table_comment = "People and companies that order"
        permissions = (("erase_customer", "Can erase what is personal of a customer"),)
        indexes = [
            models.Index(fields=["last_name", "first_name"], name="idx_customers_name"),
            models.Index(fields=["company"], name="idx_customers_company"),
            models.Index(fields=["-created_at"], name="idx_customers_created"),
        ]
        constraints = [
            check(
                Q(email__isnull=True) | Q(email=Lower("email")),
                name="customer_email_lower_case",
                message="E-mail addresses are kept in small letters.",
            ),
            one_of("status", CustomerStatus, name="customer_status_known"),
            check(
                ~Q(email=""),
                name="customer_email_not_blank",
                message="Leave the e-mail unset instead of empty.",
            ),
            check(
                ~Q(last_name="") | ~Q(company=""),
                name="customer_name_given",
                message="A customer needs a last name or a company.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_number} {self.display_name}"

    def clean(self) -> None:
        self.email = (self.email or "").strip().lower() or None

    @property
    def display_name(self) -> str:
        """Return what the customer is called on lists and papers."""
        return self.company or f"{self.first_name} {self.last_name}".strip()


class AddressQuerySet(models.QuerySet["Address"]):
    def current(self) -> AddressQuerySet:
        """Return the addresses that may still be chosen."""
        return self.filter(archived_at__isnull=True)


class Address(Record):
    """One address of a customer; orders keep a copy, so editing changes none."""

    SNAPSHOT_FIELDS = (
        "name",
        "company",
        "line1",
        "line2",
        "city",
        "province",
        "postal_code",
        "country_code",
        "phone",
    )

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="addresses"
    )
    name = models.CharField(max_length=255, blank=True)
    company = models.CharField(max_length=255, blank=True)
    line1 = models.CharField("address", max_length=255)
    line2 = models.CharField("address, second line", max_length=255, blank=True)
    city = models.CharField(max_length=100)
    province = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country_code = models.CharField("country", max_length=2)
    phone = models.CharField(max_length=50, blank=True)
    is_default_shipping = models.BooleanField("ships here", default=False)
    is_default_billing = models.BooleanField("billed here", default=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AddressQuerySet.as_manager()

    class Meta:
        db_table = "addresses"
        db_table_comment = "Addresses of customers"
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(is_default_shipping=True, archived_at__isnull=True),
                name="address_one_default_shipping",
                violation_error_message="Another address is shipped to by default.",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(is_default_billing=True, archived_at__isnull=True),
                name="address_one_default_billing",
                violation_error_message="Another address is billed to by default.",
            ),
            check(
                Q(country_code=Upper("country_code")) & ~Q(country_code=""),
                name="address_country_capitals",
                message="Country is a two-letter ISO 3166 code such as DE.",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(
            filter(None, (self.line1, self.postal_code, self.city, self.country_code))
        )

    def clean(self) -> None:
        self.country_code = self.country_code.strip().upper()

    def snapshot(self) -> dict[str, str]:
        """Return the copy that an order keeps."""
        return {field: getattr(self, field) for field in self.SNAPSHOT_FIELDS}
