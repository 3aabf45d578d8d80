"""What of shipments can be imported, column by column."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from import_export.fields import Field

from fulfillment.models import Shipment
from fulfillment.services import deliver_shipment
from fulfillment.services.history import write_past_shipment
from orders.models import Order
from stateset.system.importing.cells import LookupCell
from stateset.system.importing.parts import Row
from stateset.system.importing.problems import EMPTY
from stateset.system.importing.resource import StatesetResource
from stateset.system.services.transitions import save_columns

LABEL = ("carrier", "service", "tracking_number")


class ShipmentResource(StatesetResource):
    """Past shipments by number, each with all that its order had open."""

    order = Field("order", "order_number", LookupCell(Order, "order_number"))

    unchecked = ("ship_to",)
    fixed = ("order_number", "shipped_at", "delivered_at")
    also_writes = (Order,)

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

    def fill(self, instance: Shipment, row: Row) -> None:
        if instance.shipped_at is None:
            raise ValidationError({"shipped_at": EMPTY})
        instance.location_id = instance.order.location_id

    def create(self, instance: Shipment, row: Row) -> None:
        shipped_at, delivered_at = instance.shipped_at, instance.delivered_at
        instance.shipped_at = instance.delivered_at = None
        assert shipped_at is not None  # noqa: S101 -- fill saw to it
        write_past_shipment(instance, shipped_at=shipped_at, delivered_at=delivered_at)

    def update(self, instance: Shipment, row: Row) -> None:
        stored = Shipment.objects.get(pk=instance.pk)
        changed = {change.column for change in self.changes}
        label = {name: getattr(instance, name) for name in LABEL if name in changed}
        if label:
            save_columns(stored, **label)
        if "delivered_at" in changed:
            deliver_shipment(stored, at=instance.delivered_at)


RESOURCES = (ShipmentResource,)
