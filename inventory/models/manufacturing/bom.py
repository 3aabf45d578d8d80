"""Bills of materials: what one unit of a product is made of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from inventory.models.catalogue.product import ProductVariant
from stateset.lib.constraints import check, one_of, positive
from stateset.lib.fields import RateField, StatusField
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class BillOfMaterialsStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    OBSOLETE = "obsolete", "Obsolete"


class BillOfMaterials(Document):
    """One revision of the parts list of a variant; fixed once it is active."""

    Status = BillOfMaterialsStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"active", "obsolete"},
        "active": {"obsolete"},
    }

    bom_number = models.CharField("number", max_length=32, unique=True, editable=False)
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="boms"
    )
    revision = models.CharField(max_length=16, default="A")
    name = models.CharField(max_length=255)
    status = StatusField(choices=Status, default=Status.DRAFT)
    output_quantity = models.PositiveIntegerField(
        default=1, help_text="How many units these lines make."
    )
    activated_at = models.DateTimeField(null=True, editable=False)
    obsoleted_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "bill_of_materials"
        db_table_comment = "Parts lists, one row a revision"
        verbose_name = "bill of materials"
        verbose_name_plural = "bills of materials"
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "revision"],
                name="bom_variant_revision_unique",
                violation_error_message="This revision exists already.",
            ),
            models.UniqueConstraint(
                fields=["variant"],
                condition=Q(status="active"),
                name="bom_one_active",
                violation_error_message="Another revision is active already.",
            ),
            one_of("status", BillOfMaterialsStatus, name="bom_status_known"),
            positive("output_quantity", name="bom_output_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.bom_number} {self.variant.sku} rev {self.revision}"


class BomLineItem(Record):
    """How many of one component go into one output of the bill."""

    bom = models.ForeignKey(
        BillOfMaterials, on_delete=models.CASCADE, db_index=False, related_name="lines"
    )
    line_number = models.PositiveSmallIntegerField(editable=False)
    component = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="bom_lines"
    )
    quantity_per = models.DecimalField(max_digits=19, decimal_places=6)
    scrap_rate = RateField(help_text="Lost in making, as a fraction: 0.02 is 2 %.")
    notes = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "bom_line_items"
        db_table_comment = "Components of parts lists"
        verbose_name = "BOM line"
        constraints = [
            models.UniqueConstraint(
                fields=["bom", "line_number"], name="bom_line_number_unique"
            ),
            models.UniqueConstraint(
                fields=["bom", "component"],
                name="bom_line_component_unique",
                violation_error_message="This component is on the bill already.",
            ),
            positive("quantity_per", name="bom_line_quantity_positive"),
            check(
                Q(scrap_rate__gte=0, scrap_rate__lt=1),
                name="bom_line_scrap_fraction",
                message="Scrap is a fraction from 0 to below 1 (0.02 is 2 per cent).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bom.bom_number} line {self.line_number}"
