"""The steps of a purchase order: submit, approve, send, close, cancel."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from inventory import conf
from inventory.errors import (
    DeliveryExpectedError,
    LinesMissingError,
    SelfApprovalError,
)
from inventory.models import PurchaseOrder, ShippingNotice
from inventory.services.procurement.drafting import require_dates
from inventory.services.procurement.suppliers import require_active
from inventory.services.reasons import require_reason
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row


def submit_purchase_order(
    order: PurchaseOrder, *, at: datetime | None = None
) -> PurchaseOrder:
    """Ask for approval of a draft that has lines and an active supplier."""
    refused = f"Purchase order {order} was not submitted."
    with business_transaction(reason="purchase order submitted"):
        claim_row(order)
        require_transition(order, PurchaseOrder.Status.SUBMITTED)
        require_active(order.supplier, refused)
        if not order.items.exists():
            raise LinesMissingError(
                refused, why="it has no lines", fix="add at least one line"
            )
        return change_status(
            order,
            PurchaseOrder.Status.SUBMITTED,
            event_type="purchase_order.submitted",
            at=at,
            status_reason="",
        )


def approve_purchase_order(
    order: PurchaseOrder, *, at: datetime | None = None
) -> PurchaseOrder:
    """Approve a submitted order, as somebody other than who made it.

    Up to the self-approval limit the same person may. Raises SelfApprovalError.
    """
    with business_transaction(reason="purchase order approved"):
        claim_row(order)
        require_transition(order, PurchaseOrder.Status.APPROVED)
        approver = acting_user_id()
        limit = conf.purchase_self_approval_limit()
        if approver and approver == order.created_by_id and order.total > limit:
            raise SelfApprovalError(
                f"Purchase order {order} was not approved.",
                why=f"you made it, and its total {order.total:.2f} {order.currency} is"
                f" above {limit:.2f}, up to which one person is enough",
                fix="ask a colleague to approve it",
            )
        return change_status(
            order,
            PurchaseOrder.Status.APPROVED,
            event_type="purchase_order.approved",
            at=at,
            payload={"total": str(order.total)},
            approved_at=at or timezone.now(),
            approved_by_id=approver,
        )


def return_purchase_order(
    order: PurchaseOrder, *, reason: str, at: datetime | None = None
) -> PurchaseOrder:
    """Send a submitted order back to its draft, to be changed."""
    require_reason(reason, f"Purchase order {order} was not sent back.")
    with business_transaction(reason=reason):
        return change_status(
            order,
            PurchaseOrder.Status.DRAFT,
            event_type="purchase_order.returned",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def send_purchase_order(
    order: PurchaseOrder,
    *,
    expected_on: date | None = None,
    at: datetime | None = None,
) -> PurchaseOrder:
    """Note that an approved order went out; it counts as ordered from that day."""
    when = at or timezone.now()
    with business_transaction(reason="purchase order sent"):
        claim_row(order)
        require_transition(order, PurchaseOrder.Status.ORDERED)
        expected_on = expected_on or order.expected_on
        require_dates(when.date(), expected_on, f"Purchase order {order} was not sent.")
        return change_status(
            order,
            PurchaseOrder.Status.ORDERED,
            event_type="purchase_order.ordered",
            at=at,
            ordered_on=when.date(),
            expected_on=expected_on,
        )


def close_purchase_order(
    order: PurchaseOrder, *, reason: str, at: datetime | None = None
) -> PurchaseOrder:
    """Give up what a partly received order still has open."""
    return _end(order, PurchaseOrder.Status.CLOSED, reason=reason, at=at)


def cancel_purchase_order(
    order: PurchaseOrder, *, reason: str, at: datetime | None = None
) -> PurchaseOrder:
    """Cancel an order of which nothing has been received."""
    return _end(order, PurchaseOrder.Status.CANCELLED, reason=reason, at=at)


def _end(
    order: PurchaseOrder, status: str, *, reason: str, at: datetime | None
) -> PurchaseOrder:
    require_reason(reason, f"Purchase order {order} was not {status}.")
    with business_transaction(reason=reason):
        claim_row(order)
        require_transition(order, status)
        _refuse_expected(order, status)
        for draft in order.shipping_notices.filter(status=ShippingNotice.Status.DRAFT):
            change_status(
                draft,
                ShippingNotice.Status.CANCELLED,
                event_type="shipping_notice.cancelled",
                at=at,
                payload={"reason": reason},
            )
        return change_status(
            order,
            status,
            event_type=f"purchase_order.{status}",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def _refuse_expected(order: PurchaseOrder, status: str) -> None:
    coming = list(
        order.shipping_notices.live()
        .values_list("asn_number", flat=True)
        .order_by("pk")
    )
    if coming:
        raise DeliveryExpectedError(
            f"Purchase order {order} was not {status}.",
            why=f"the supplier announced {', '.join(coming)}",
            fix="receive what it brings, or cancel the notice first",
        )
