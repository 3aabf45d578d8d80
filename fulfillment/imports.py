"""What of shipments can be imported, column by column."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from import_export.fields import Field

from fulfillment.models import Shipment
from fulfillment.services.history import write_past_shipment
from orders.models import Order
from stateset.system.importing.cells import LookupCell, MomentCell
from stateset.system.importing.resource import Row, StatesetResource
from stateset.system.services.transitions import save_columns


class ShipmentResource(StatesetResource):
    """Past shipments by number, each with all that its order had open."""

    order = Field("order", "order_number", LookupCell(Order, "order_number"))
    shipped_at = Field("shipped_at", "shipped_at", MomentCell())
    delivered_at = Field("delivered_at", "delivered_at", MomentCell())

    class Meta(StatesetResource.Meta):
        model = Shipment
        import_id_fields = ("shipment_number",)
        fields = (
            "shipment_number",
            "order",
            "carrier",
            "service",
            "tracking_number",
            "shipped_at",
            "delivered_at",
        )
        # The location comes with the order, after the row was read.
        clean_model_instances = False

    def import_instance(self, instance: Shipment, row: Row, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        if instance.shipped_at is None:
            raise ValidationError({"shipped_at": "is empty"})
        if instance._state.adding:
            instance.clean_fields(exclude=["location"])

    def create(self, instance: Shipment, row: Row) -> None:
        shipped_at, delivered_at = instance.shipped_at, instance.delivered_at
        assert shipped_at is not None  # noqa: S101 - import_instance saw to it
        instance.shipped_at = instance.delivered_at = None
        write_past_shipment(instance, shipped_at=shipped_at, delivered_at=delivered_at)

    def update(self, instance: Shipment, row: Row) -> None:
        stored = Shipment.objects.get(pk=instance.pk)
        save_columns(
            stored,
            carrier=instance.carrier,
            service=instance.service,
            tracking_number=instance.tracking_number,
        )


RESOURCES = (ShipmentResource,)
