"""What fulfilment tells the apps above it, inside the transaction of the change."""

from __future__ import annotations

from django.dispatch import Signal

shipment_delivered = Signal()
"""Sent with ``shipment`` and ``at`` when a shipment to a customer has arrived."""
