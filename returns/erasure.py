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
from stateset.lib.erasing import BY_KEY, belongs, refers

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
    for each in returns.exclude(status__in=settled).order_by("rma_number"):
        yield f"return {each} is {each.get_status_display().lower()}"
    claims = WarrantyClaim.objects.using(using).open().filter(warranty__customer=key)
    for claim in claims.order_by("claim_number"):
        yield f"claim {claim} is {claim.get_status_display().lower()}"
