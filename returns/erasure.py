"""Which returns, warranties and claims are a customer's."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from inventory.models import StockTransaction
from inventory.models.stock.references import ReferenceType
from returns.models import (
    ReturnApproval,
    ReturnItem,
    ReturnRequest,
    Warranty,
    WarrantyClaim,
)
from stateset.lib.erasing import BY_KEY, belongs, in_its_status, refers

BELONGINGS = (
    belongs(ReturnRequest, "customer"),
    belongs(ReturnItem, "return_request__customer"),
    belongs(ReturnApproval, "return_request__customer"),
    belongs(Warranty, "customer"),
    belongs(WarrantyClaim, "warranty__customer"),
    refers(
        StockTransaction,
        ReferenceType.RETURN,
        ReturnRequest,
        "customer",
        idempotency_key=BY_KEY,
    ),
)


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield the returns that are not settled, and the claims nobody has answered."""
    settled = (*ReturnRequest.ENDED_STATUSES, ReturnRequest.Status.COMPLETED)
    returns = ReturnRequest.objects.using(using).filter(customer=key)
    unsettled = returns.exclude(status__in=settled).order_by("rma_number")
    yield from in_its_status("return", unsettled)
    claims = WarrantyClaim.objects.using(using).open().filter(warranty__customer=key)
    yield from in_its_status("claim", claims.order_by("claim_number"))
