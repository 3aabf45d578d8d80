"""The steps of a purchase order, and who may take them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import override_settings

from inventory.errors import (
    DeliveryExpectedError,
    InvalidDateError,
    LinesMissingError,
    ReasonMissingError,
    SelfApprovalError,
    SupplierBlockedError,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    approve_purchase_order,
    block_supplier,
    cancel_purchase_order,
    cancel_shipping_notice,
    close_purchase_order,
    create_purchase_order,
    create_shipping_notice,
    receive_purchase_order,
    return_purchase_order,
    send_purchase_order,
    submit_purchase_order,
)
from stateset.lib.journal import acting
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.inventory.builders import make_location, make_supplier
from tests.inventory.procurement.builders import (
    line_ids,
    make_purchase_order,
    make_sent_order,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_an_order_is_submitted_approved_and_sent() -> None:
    order = make_purchase_order()
    approver = make_user()
    when = datetime(2026, 11, 5, 8, tzinfo=UTC)

    submit_purchase_order(order, at=when)
    with acting(actor_id=str(approver.pk)):
        approve_purchase_order(order, at=when)
    send_purchase_order(order, expected_on=date(2026, 11, 20), at=when)

    order.refresh_from_db()
    assert order.status == "ordered"
    assert (order.approved_by, order.approved_at) == (approver, when)
    assert (order.ordered_on, order.expected_on) == (
        date(2026, 11, 5),
        date(2026, 11, 20),
    )
    assert list(
        Event.objects.filter(aggregate_id=order.pk).values_list("event_type", flat=True)
    ) == [
        "purchase_order.created",
        "purchase_order.submitted",
        "purchase_order.approved",
        "purchase_order.ordered",
    ]


def test_an_order_without_lines_is_not_submitted() -> None:
    order = create_purchase_order(
        supplier=make_supplier(), ship_to=make_location(), lines=[]
    )

    with pytest.raises(LinesMissingError) as refused:
        submit_purchase_order(order)

    assert str(refused.value) == (
        f"Purchase order {order} was not submitted.\n"
        "  why: it has no lines\n"
        "  fix: add at least one line"
    )
    order.refresh_from_db()
    assert order.status == "draft"


def test_an_order_to_a_supplier_blocked_meanwhile_is_not_submitted() -> None:
    order = make_purchase_order()
    block_supplier(order.supplier, reason="unpaid deliveries")

    with pytest.raises(SupplierBlockedError):
        submit_purchase_order(order)

    order.refresh_from_db()
    assert order.status == "draft"


def submitted_by(user, total):
    with acting(actor_id=str(user.pk)):
        return submit_purchase_order(make_purchase_order(1, unit_cost=total))


def test_who_made_a_large_order_does_not_approve_it() -> None:
    buyer = make_user()
    order = submitted_by(buyer, Decimal("500.01"))

    with acting(actor_id=str(buyer.pk)), pytest.raises(SelfApprovalError) as refused:
        approve_purchase_order(order)

    assert str(refused.value) == (
        f"Purchase order {order} was not approved.\n"
        "  why: you made it, and its total 500.01 USD is above 500.00, up to which"
        " one person is enough\n"
        "  fix: ask a colleague to approve it"
    )
    order.refresh_from_db()
    assert order.status == "submitted"
    assert order.approved_by is None


def test_somebody_else_approves_a_large_order() -> None:
    order = submitted_by(make_user(), Decimal(9000))
    colleague = make_user()

    with acting(actor_id=str(colleague.pk)):
        approve_purchase_order(order)

    assert order.approved_by_id == colleague.pk


def test_a_small_order_is_approved_by_who_made_it() -> None:
    buyer = make_user()
    order = submitted_by(buyer, Decimal(500))

    with acting(actor_id=str(buyer.pk)):
        approve_purchase_order(order)

    assert order.status == "approved"


@override_settings(PO_SELF_APPROVAL_LIMIT=Decimal(0))
def test_the_limit_of_self_approval_is_a_setting() -> None:
    buyer = make_user()
    order = submitted_by(buyer, Decimal(1))

    with acting(actor_id=str(buyer.pk)), pytest.raises(SelfApprovalError):
        approve_purchase_order(order)


def test_an_order_sent_back_says_why_and_is_a_draft_again() -> None:
    order = submit_purchase_order(make_purchase_order())

    return_purchase_order(order, reason="too dear")

    assert (order.status, order.status_reason) == ("draft", "too dear")
    submit_purchase_order(order)
    assert order.status_reason == ""


def test_a_draft_is_not_approved() -> None:
    order = make_purchase_order()

    with pytest.raises(InvalidTransitionError):
        approve_purchase_order(order)


def test_an_order_is_not_sent_with_an_expected_day_that_has_passed() -> None:
    order = make_purchase_order(expected_on=date(2026, 11, 2))
    submit_purchase_order(order)
    approve_purchase_order(order)

    with pytest.raises(InvalidDateError) as refused:
        send_purchase_order(order, at=datetime(2026, 11, 3, tzinfo=UTC))

    assert str(refused.value) == (
        f"Purchase order {order} was not sent.\n"
        "  why: the goods are expected on 2026-11-02, before 2026-11-03\n"
        "  fix: give a later day to expect them on, or none"
    )


def test_what_was_read_before_somebody_changed_it_is_not_decided_on() -> None:
    order = submit_purchase_order(make_purchase_order())
    stale = type(order).objects.get(pk=order.pk)
    return_purchase_order(order, reason="too dear")
    submit_purchase_order(order)

    with pytest.raises(ChangedMeanwhileError):
        approve_purchase_order(stale)


def test_cancelling_needs_a_reason() -> None:
    order = make_sent_order()

    with pytest.raises(ReasonMissingError) as refused:
        cancel_purchase_order(order, reason=" ")

    assert str(refused.value) == (
        f"Purchase order {order} was not cancelled.\n"
        "  why: no reason was given\n"
        "  fix: say why in a few words; it is kept with the document"
    )


def test_an_order_with_a_delivery_under_way_is_not_cancelled() -> None:
    order = make_sent_order(10)
    notice = announce_shipping_notice(order, quantities={line_ids(order)[0]: 4})

    with pytest.raises(DeliveryExpectedError) as refused:
        cancel_purchase_order(order, reason="not needed")

    assert str(refused.value) == (
        f"Purchase order {order} was not cancelled.\n"
        f"  why: the supplier announced {notice}\n"
        "  fix: receive what it brings, or cancel the notice first"
    )
    order.refresh_from_db()
    assert order.status == "ordered"

    cancel_shipping_notice(notice, reason="not coming")
    cancel_purchase_order(order, reason="not needed")
    assert (order.status, order.status_reason) == ("cancelled", "not needed")


def test_cancelling_an_order_cancels_its_draft_notices() -> None:
    order = make_sent_order()
    notice = create_shipping_notice(order)

    cancel_purchase_order(order, reason="not needed")

    notice.refresh_from_db()
    assert notice.status == "cancelled"


def test_an_order_received_in_part_is_closed_and_not_cancelled() -> None:
    order = make_sent_order(10)
    receive_purchase_order(order, quantities={line_ids(order)[0]: 4})

    with pytest.raises(InvalidTransitionError):
        cancel_purchase_order(order, reason="not needed")
    close_purchase_order(order, reason="the supplier has no more")

    order.refresh_from_db()
    assert order.status == "closed"
