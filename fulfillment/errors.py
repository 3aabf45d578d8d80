"""What fulfilment refuses; each leaf is named for the situation."""

from __future__ import annotations

from stateset.lib.errors import StatesetError


class FulfillmentError(StatesetError):
    """A step of picking, packing or shipping was refused; nothing was changed."""


class NotReleasableError(FulfillmentError):
    """The order can't go to the warehouse: its state, or nothing to pick."""


class OrderOnHoldError(FulfillmentError):
    """The order is on hold, so the warehouse waits."""


class PickQuantityError(FulfillmentError):
    """What was picked is not part of what is to be picked."""


class OverShipmentError(FulfillmentError):
    """A shipment was to hold more of a line than is packed and in no other."""


class ShipmentEmptyError(FulfillmentError):
    """A shipment without items has nothing to send."""


class TrackingNumberTakenError(FulfillmentError):
    """Another shipment of this carrier has the tracking number."""


class TrackingRefusedError(FulfillmentError):
    """A scan can't be as it says."""


class UnderWayError(FulfillmentError):
    """Goods are packed or have left, so this can't be taken back."""
