"""Inspect what came back, and say what becomes of each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from returns.errors import FindingsRefusedError
from returns.models import ReturnItem, ReturnRequest
from returns.services.putting_away import put_away
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row

NOTHING_FOUND = ReturnItem.Condition.UNKNOWN


@dataclass(frozen=True)
class Finding:
    """What was found of one line: its condition, and how many units go where.

    A line may be split; units that are not all alike are ``mixed``.
    """

    condition: str
    restock: int = 0
    quarantine: int = 0
    scrap: int = 0

    @property
    def units(self) -> int:
        """Return how many units are accounted for."""
        return self.restock + self.quarantine + self.scrap


def inspect_return(
    return_request: ReturnRequest,
    *,
    findings: Mapping[UUID, Finding],
    at: datetime | None = None,
) -> ReturnRequest:
    """Note what was found of every line that came, and put its units away.

    ``findings`` goes by key of the return line and accounts for every unit received.
    Only new and opened goods are restocked. Stock moves in the same transaction: goods
    do not wait for the money.
    """
    moment = at or timezone.now()
    with business_transaction(reason=f"return {return_request}"):
        # Headers before stock levels: who ships a parcel of the order holds the order.
        lock_row(return_request.order)
        claim_row(return_request)
        require_transition(return_request, ReturnRequest.Status.INSPECTED)
        items = list(
            return_request.items.filter(quantity_received__gt=0)
            .select_related("order_item__variant")
            .order_by("order_item__variant_id", "pk")
        )
        if not findings.keys() <= {item.pk for item in items}:
            raise _refusal(return_request, "a finding is of a line that did not come")
        for item in items:
            finding = findings.get(item.pk, Finding(NOTHING_FOUND))
            _require_possible(return_request, item, finding)
            _note(item, finding, at=moment)
        put_away(return_request, items, at=moment)
        return change_status(
            return_request,
            ReturnRequest.Status.INSPECTED,
            event_type="return.inspected",
            at=at,
            payload={"lines": [_told(item) for item in items]},
            inspected_at=moment,
        )


def why_not_found(item: ReturnItem, finding: Finding) -> str:
    """Return why ``finding`` can't be what was found of a line, "" where it can."""
    sku, came = item.order_item.sku, item.quantity_received
    if finding.condition not in ReturnItem.Condition.values or not finding.condition:
        return f"the condition of {sku} is not given"
    if min(finding.restock, finding.quarantine, finding.scrap) < 0:
        return f"a quantity of {sku} is below zero"
    if finding.units != came:
        return f"{came} × {sku} came, and {finding.units} are accounted for"
    if not finding.restock:
        return ""
    if finding.condition not in ReturnItem.SELLABLE:
        return f"{sku} is {finding.condition}, and only new or opened goods sell"
    if finding.condition == ReturnItem.Condition.MIXED and finding.restock == came:
        return f"{sku} is mixed, and all of it would be sold"
    return ""


def _require_possible(
    return_request: ReturnRequest, item: ReturnItem, finding: Finding
) -> None:
    if why := why_not_found(item, finding):
        raise _refusal(return_request, why)


def _refusal(return_request: ReturnRequest, why: str) -> FindingsRefusedError:
    return FindingsRefusedError(
        f"The inspection of return {return_request} was not noted.",
        why=why,
        fix="give a condition for every line, and say of every unit what becomes of it",
    )


def _note(item: ReturnItem, finding: Finding, *, at: datetime) -> None:
    item.condition = finding.condition
    item.quantity_restocked = finding.restock
    item.quantity_quarantined = finding.quarantine
    item.quantity_scrapped = finding.scrap
    item.restocked_at = at if finding.restock else None
    item.save(
        update_fields=[
            "condition",
            "quantity_restocked",
            "quantity_quarantined",
            "quantity_scrapped",
            "restocked_at",
            "updated_at",
        ]
    )


def _told(item: ReturnItem) -> dict[str, object]:
    return {
        "sku": item.order_item.sku,
        "condition": item.condition,
        "restocked": item.quantity_restocked,
        "quarantined": item.quantity_quarantined,
        "scrapped": item.quantity_scrapped,
    }
