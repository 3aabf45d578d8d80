"""The only reader of settings in the inventory app; read when asked for."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings


def purchase_self_approval_limit() -> Decimal:
    """Return up to which total a person may approve a purchase order they made.

    In the order's currency; 0 asks for a second person always.
    """
    return Decimal(settings.PO_SELF_APPROVAL_LIMIT)
