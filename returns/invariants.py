"""What must hold in the books of returns and warranties, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from finance.models import CashSale
from orders.models import OrderItem
from returns.approval_invariants import (
    approvals_by_the_requester,
    returns_approved_by_too_few,
)
from returns.models import ReturnItem, ReturnRequest, WarrantyClaim
from returns.money_invariants import (
    freight_given_back_twice,
    lines_that_gave_back_too_much,
    returns_that_differ_from_lines,
    returns_that_differ_from_refunds,
)
from returns.stock_invariants import lines_that_differ_from_the_ledger
from stateset.lib.invariants import Invariant, Violation

Status = ReturnRequest.Status

NOTHING_CAME = (Status.REQUESTED, Status.APPROVED, *ReturnRequest.ENDED_STATUSES)
INSPECTED = (Status.INSPECTED, Status.COMPLETED)


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of returns and claims, cheapest first."""
    return (
        Invariant(
            "returns.orders",
            "A return is of its order's customer and currency, its replacement too.",
            returns_of_another_order,
        ),
        Invariant(
            "returns.progress",
            "What came and where it went is what the status of a return says.",
            returns_that_differ_from_their_status,
        ),
        Invariant(
            "returns.units",
            "Returns of a line take no more units than were shipped.",
            lines_with_too_much_in_returns,
        ),
        Invariant(
            "returns.counted",
            "What came back is counted on the line of the order.",
            lines_that_count_other_units,
        ),
        Invariant(
            "returns.approved",
            "A return that goes on was approved on each of its levels.",
            returns_approved_by_too_few,
        ),
        Invariant(
            "returns.four_eyes",
            "Nobody approved a return that they asked for.",
            approvals_by_the_requester,
        ),
        Invariant(
            "returns.amounts",
            "What a return gives back is what its lines, freight and fee come to.",
            returns_that_differ_from_lines,
        ),
        Invariant(
            "returns.refunds",
            "What a return gave back is what its refunds come to.",
            returns_that_differ_from_refunds,
        ),
        Invariant(
            "returns.line_refunds",
            "No line of an order gives back more than it cost.",
            lines_that_gave_back_too_much,
        ),
        Invariant(
            "returns.freight",
            "No more freight is given back than an order had.",
            freight_given_back_twice,
        ),
        Invariant(
            "returns.stock",
            "Every unit that came back is in the ledger, once, and where it belongs.",
            lines_that_differ_from_the_ledger,
        ),
        Invariant(
            "warranties.cover",
            "A claim is about a fault in the days of its warranty.",
            claims_outside_their_warranty,
        ),
    )


def returns_of_another_order() -> Iterator[Violation]:
    same = Q(customer=F("order__customer"), currency=F("order__currency"))
    wrong = ReturnRequest.objects.filter(~same).select_related("order")
    for found in wrong.order_by("pk"):
        yield Violation(
            str(found), f"is not of the customer and currency of {found.order}"
        )
    for item in ReturnItem.objects.filter(
        ~Q(order_item__order=F("return_request__order"))
    ).select_related("return_request", "order_item__order"):
        yield Violation(str(item.return_request), f"has {item.order_item}")
    replaced = ReturnRequest.objects.exclude(replacement_order=None).filter(
        ~Q(replacement_order__customer=F("customer"))
    )
    for found in replaced.select_related("replacement_order").order_by("pk"):
        yield Violation(
            str(found), f"is replaced by {found.replacement_order} of another customer"
        )


def returns_that_differ_from_their_status() -> Iterator[Violation]:
    summed = (
        ReturnRequest.objects.annotate(
            came=Coalesce(Sum("items__quantity_received"), 0),
            agreed=Coalesce(Sum("items__quantity_approved"), 0),
            placed=Coalesce(
                Sum(
                    F("items__quantity_restocked")
                    + F("items__quantity_quarantined")
                    + F("items__quantity_scrapped")
                ),
                0,
            ),
        )
        .filter(
            Q(status__in=NOTHING_CAME, came__gt=0)
            | (~Q(status__in=NOTHING_CAME) & Q(came=0))
            | Q(status=Status.PARTIALLY_RECEIVED, came__gte=F("agreed"))
            | (Q(status__in=INSPECTED) & ~Q(placed=F("came")))
            | (~Q(status__in=INSPECTED) & Q(placed__gt=0))
        )
        .order_by("pk")
    )
    for number, status, agreed, came, placed in summed.values_list(
        "rma_number", "status", "agreed", "came", "placed"
    ):
        yield Violation(
            number, f"is {status}; {agreed} approved, {came} came, {placed} put away"
        )


def lines_with_too_much_in_returns() -> Iterator[Violation]:
    of = "return_items__"
    status = f"{of}return_request__status"
    lines = OrderItem.objects.filter(return_items__isnull=False).annotate(
        asked=_units(f"{of}quantity", **{status: Status.REQUESTED}),
        agreed=_units(
            f"{of}quantity_approved",
            **{f"{status}__in": ReturnRequest.EXPECTED_STATUSES},
        ),
        back=_units(
            f"{of}quantity_received",
            **{f"{status}__in": ReturnRequest.COUNTED_STATUSES},
        ),
    )
    wrong = lines.annotate(units=F("asked") + F("agreed") + F("back")).filter(
        units__gt=F("quantity_fulfilled")
    )
    for line in wrong.select_related("order").order_by("pk"):
        yield Violation(
            str(line), f"{line.units} in returns, {line.quantity_fulfilled} shipped"
        )


def lines_that_count_other_units() -> Iterator[Violation]:
    # What a voided cash sale took back over the counter is in no return.
    voided = CashSale.objects.filter(
        order=OuterRef("order"), status=CashSale.Status.VOIDED
    )
    wrong = (
        OrderItem.objects.annotate(
            came=Coalesce(Sum("return_items__quantity_received"), 0)
        )
        .filter(~Q(quantity_returned=F("came")))
        .exclude(Exists(voided))
    )
    for line in wrong.select_related("order").order_by("pk"):
        yield Violation(
            str(line), f"{line.quantity_returned} count as returned, {line.came} came"
        )


def claims_outside_their_warranty() -> Iterator[Violation]:
    covered = Q(failed_on__gte=F("warranty__starts_on")) & Q(
        failed_on__lte=F("warranty__ends_on")
    )
    wrong = WarrantyClaim.objects.filter(~covered).select_related("warranty")
    for claim in wrong.order_by("pk"):
        yield Violation(
            str(claim),
            f"failed on {claim.failed_on}, covered from {claim.warranty.starts_on}"
            f" to {claim.warranty.ends_on}",
        )


def _units(path: str, **which: object) -> Coalesce:
    return Coalesce(Sum(path, filter=Q(**which)), 0)
