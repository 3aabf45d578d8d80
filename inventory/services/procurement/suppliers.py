"""Stop and resume buying from a supplier."""

from __future__ import annotations

from datetime import datetime

from inventory.errors import SupplierBlockedError
from inventory.models import Supplier
from inventory.services.reasons import require_reason
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status


def block_supplier(
    supplier: Supplier, *, reason: str, at: datetime | None = None
) -> Supplier:
    """Take no new orders to this supplier; those under way go on."""
    require_reason(reason, f"Supplier {supplier} was not blocked.")
    with business_transaction(reason=reason):
        return change_status(
            supplier,
            Supplier.Status.BLOCKED,
            event_type="supplier.blocked",
            at=at,
            payload={"reason": reason},
        )


def unblock_supplier(supplier: Supplier, *, at: datetime | None = None) -> Supplier:
    """Let the supplier get orders again."""
    with business_transaction(reason="supplier unblocked"):
        return change_status(
            supplier,
            Supplier.Status.ACTIVE,
            event_type="supplier.unblocked",
            at=at,
        )


def require_active(supplier: Supplier, refused: str) -> None:
    """Raise SupplierBlockedError, saying what was ``refused``."""
    if supplier.status == Supplier.Status.ACTIVE:
        return
    raise SupplierBlockedError(
        refused,
        why=f"supplier {supplier} is blocked",
        fix="unblock the supplier, or order from another one",
    )
