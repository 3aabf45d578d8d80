from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from finance.models import Payment
from finance.services import void_cash_sale
from inventory.models import ReferenceType
from inventory.services.stock import Reference, receive_stock
from orders.models import Order, OrderItem
from orders.services import OrderLine
from returns.invariants import invariants
from returns.models import (
    ReturnApproval,
    ReturnItem,
    ReturnRequest,
    Warranty,
    WarrantyClaim,
)
from returns.services import (
    Finding,
    cancel_return,
    complete_return,
    complete_without_refund,
    decide_return,
    expire_returns,
    inspect_return,
    receive_return,
    reopen_return,
    submit_claim,
)
from tests.finance.builders import make_cash_sale
from tests.orders.builders import (
    NOON,
    default_location,
    make_customer,
    make_stocked_variant,
)
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_delivered_order,
    make_inspected_return,
    make_paid_order,
    make_quarantine,
    make_received_return,
    make_return,
    make_returnable_variant,
)

pytestmark = pytest.mark.django_db

OTHER = UUID(int=7)


def violations() -> dict[str, list[str]]:
    """Return what breaks which rule, without the rules that hold."""
    found = {rule.name: [str(each) for each in rule.find()] for rule in invariants()}
    return {name: broken for name, broken in found.items() if broken}


def make_completed_return(**overrides) -> ReturnRequest:
    return complete_return(make_inspected_return(**overrides), at=NOON)


def make_claim() -> WarrantyClaim:
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    warranty = Warranty.objects.get(order_item__order=order)
    return submit_claim(warranty, failed_on=warranty.ends_on, description="dead")


def test_whatever_the_services_do_the_books_hold() -> None:
    make_quarantine()
    make_return()
    make_claim()
    split = make_paid_order(shipping_total=Decimal("5.90"))
    key = split.items.get().pk
    one = make_return(split, lines={key: 1})
    half = make_approved_return(split, lines={key: 2})
    receive_return(half, quantities={half.items.get().pk: 1}, at=NOON)
    receive_return(half, at=NOON)
    finding = Finding("mixed", restock=1, scrap=1)
    inspect_return(half, findings={half.items.get().pk: finding}, at=NOON)
    complete_return(
        half, shipping_refund=Decimal(2), restocking_fee=Decimal(1), at=NOON
    )
    cancel_return(one, reason="kept it after all")
    reopen_return(one, reason="not kept", at=NOON)
    receive_return(make_approved_return(), quantities=None, at=NOON)
    rejected = make_return()
    with acting_as(make_approver()):
        decide_return(rejected, approve=False, reason="worn", at=NOON)
    make_completed_return(resolution="replacement")
    complete_without_refund(make_inspected_return(), reason="worn", at=NOON)
    expire_returns(at=NOON + timedelta(days=31))
    void_cash_sale(make_cash_sale(), reason="wrong size", at=NOON)

    assert violations() == {}


def test_a_return_of_another_customer_is_found() -> None:
    found = make_return()
    replaced = make_completed_return(resolution="replacement")
    ReturnRequest.objects.filter(pk=found.pk).update(customer=make_customer())
    Order.objects.filter(replaced_return=replaced).update(customer=make_customer())

    assert violations() == {
        "returns.orders": [
            f"{found}: is not of the customer and currency of {found.order}",
            (
                f"{replaced}: is replaced by {replaced.replacement_order}"
                " of another customer"
            ),
        ]
    }


def test_a_line_of_another_order_is_found() -> None:
    found = make_return()
    line = make_delivered_order().items.get()
    found.items.update(order_item=line)

    assert violations() == {"returns.orders": [f"{found}: has {line}"]}


def test_a_status_that_goods_do_not_explain_is_found() -> None:
    never, half, gone = (make_approved_return() for _ in range(3))
    receive_return(half, quantities={half.items.get().pk: 1}, at=NOON)
    ReturnRequest.objects.filter(pk=never.pk).update(
        status="received", received_at=NOON
    )
    ReturnRequest.objects.filter(pk=half.pk).update(status="approved")
    ReturnRequest.objects.filter(pk=gone.pk).update(status="partially_received")
    open_one = make_received_return()
    ReturnRequest.objects.filter(pk=open_one.pk).update(status="inspected")

    assert violations() == {
        "returns.progress": [
            f"{never}: is received; 3 approved, 0 came, 0 put away",
            f"{half}: is approved; 3 approved, 1 came, 0 put away",
            f"{gone}: is partially_received; 3 approved, 0 came, 0 put away",
            f"{open_one}: is inspected; 3 approved, 3 came, 0 put away",
        ],
    }


def test_more_in_returns_than_was_shipped_is_found() -> None:
    order = make_paid_order()
    line = order.items.get()
    make_return(order, lines={line.pk: 1})
    asked = make_return(order, lines={line.pk: 2})
    assert violations() == {}

    asked.items.update(quantity=3)

    assert violations() == {"returns.units": [f"{line}: 4 in returns, 3 shipped"]}


def test_units_that_the_order_does_not_count_are_found() -> None:
    found = make_received_return()
    line = found.items.get().order_item
    OrderItem.objects.update(quantity_returned=2)

    assert violations() == {"returns.counted": [f"{line}: 2 count as returned, 3 came"]}


def test_a_return_that_not_all_levels_approved_is_found() -> None:
    late = make_return(at=NOON + timedelta(days=60))
    with acting_as(make_approver()):
        decide_return(late, approve=True, at=NOON)
    nobody = make_approved_return()
    nobody.approvals.all().delete()
    late.items.update(quantity_approved=3)
    ReturnRequest.objects.filter(pk=late.pk).update(status="approved", approved_at=NOON)

    assert violations() == {
        "returns.approved": [
            f"{late}: is approved; 1 of 2 levels approved it",
            f"{nobody}: is approved; 0 of 0 levels approved it",
        ]
    }


def test_an_earlier_round_approves_nothing() -> None:
    found = make_approved_return()
    ReturnRequest.objects.update(approval_round=2)

    assert violations() == {
        "returns.approved": [f"{found}: is approved; 0 of 0 levels approved it"]
    }


def test_an_approver_who_asked_for_it_is_found() -> None:
    found = make_approved_return()
    approval = ReturnApproval.objects.get()
    ReturnRequest.objects.update(requested_by=approval.approver)

    assert violations() == {
        "returns.four_eyes": [
            f"{approval}: {approval.approver} asked for it and approved"
        ]
    }
    assert approval.return_request == found


def test_sums_that_are_not_those_of_the_lines_are_found() -> None:
    found = make_return()
    ReturnRequest.objects.update(refund_total=F("refund_total") + Decimal("0.01"))

    assert violations() == {
        "returns.amounts": [
            (
                f"{found}: lines 90.0000, items amount 90.0000; comes to 90.0000,"
                " refund total 90.0100"
            )
        ]
    }


def test_amounts_that_binary_fractions_can_not_hold_are_right() -> None:
    line = OrderLine(make_returnable_variant(), 3, Decimal("0.10"))
    order = make_paid_order(lines=[line], shipping_total=Decimal("0.20"))
    found = make_inspected_return(order=order)

    complete_return(found, shipping_refund=Decimal("0.20"), at=NOON)

    assert violations() == {}


def test_a_refund_of_another_amount_is_found() -> None:
    found = make_completed_return()
    ReturnRequest.objects.update(amount_refunded=89)

    assert violations() == {
        "returns.refunds": [
            f"{found}: gave back 89.0000 of 90.0000, its refunds are 90.0000"
        ]
    }


def test_a_refund_of_no_return_is_found() -> None:
    make_completed_return()
    Payment.objects.filter(kind="refund").update(idempotency_key=f"return:{OTHER}:1")

    assert [
        each for each in violations()["returns.refunds"] if "not there" in each
    ] == [f"return {OTHER}: is not there, 90.0000 went back"]


def test_a_line_that_gave_back_more_than_it_cost_is_found() -> None:
    found = make_completed_return()
    line = found.items.get().order_item
    ReturnItem.objects.update(refund_amount=Decimal("90.01"))

    assert violations()["returns.line_refunds"] == [
        f"{line}: gave back 90.0100, cost 90.0000"
    ]


def test_freight_given_back_twice_is_found() -> None:
    order = make_paid_order(shipping_total=Decimal("5.90"))
    found = make_inspected_return(order=order)
    complete_return(found, shipping_refund=Decimal("5.90"), at=NOON)
    Order.objects.update(shipping_total=0)

    assert violations()["returns.freight"] == [
        f"{order}: gave back 5.9000, freight was 0.0000"
    ]


def test_units_that_the_ledger_does_not_have_are_found() -> None:
    make_quarantine()
    found = make_inspected_return(Finding("mixed", restock=2, scrap=1))
    item = found.items.get()
    ReturnItem.objects.update(quantity_restocked=1, quantity_quarantined=1)

    assert violations() == {
        "returns.stock": [
            (
                f"{found} {item.order_item.sku}: 1 for sale, 2 set aside, 1 scrapped;"
                " in the ledger: 2 for sale, 1 set aside, 1 scrapped"
            )
        ]
    }


def test_goods_booked_twice_are_found() -> None:
    found = make_inspected_return()
    item = found.items.get()
    receive_stock(
        variant=item.order_item.variant,
        location=found.location,
        quantity=3,
        unit_cost=Decimal(4),
        reference=Reference(ReferenceType.RETURN, found.pk),
        line_id=item.pk,
        kind="return",
        idempotency_key="typed by hand",
    )

    assert violations() == {
        "returns.stock": [
            (
                f"{found} {item.order_item.sku}: 3 for sale, 0 set aside, 0 scrapped;"
                " in the ledger: 6 for sale, 0 set aside, 0 scrapped"
            )
        ]
    }


def test_stock_of_a_return_line_that_is_not_there_is_found() -> None:
    receive_stock(
        variant=make_stocked_variant(),
        location=default_location(),
        quantity=3,
        unit_cost=Decimal(4),
        reference=Reference(ReferenceType.RETURN, OTHER),
        line_id=OTHER,
        kind="return",
    )

    assert violations() == {
        "returns.stock": [
            (
                f"line {OTHER}: 0 for sale, 0 set aside, 0 scrapped;"
                " in the ledger: 3 for sale, 0 set aside, 0 scrapped"
            )
        ]
    }


def test_a_claim_outside_its_warranty_is_found() -> None:
    claim = make_claim()
    warranty = claim.warranty
    WarrantyClaim.objects.update(failed_on=warranty.ends_on + timedelta(days=1))

    assert violations() == {
        "warranties.cover": [
            (
                f"{claim}: failed on 2027-02-21, covered from {warranty.starts_on}"
                f" to {warranty.ends_on}"
            )
        ]
    }


def test_the_database_refuses_a_second_open_claim() -> None:
    claim = make_claim()
    claim.pk, claim.claim_number = OTHER, "CLM-2"

    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):
        claim.save(force_insert=True)
