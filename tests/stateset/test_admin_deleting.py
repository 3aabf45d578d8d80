"""Deleting a document on its page is an event that the world is told of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import RequestFactory

from finance.services import draft_invoice_for_order
from inventory.services.procurement import create_shipping_notice
from orders.models import Order
from orders.services import confirm_order
from stateset.lib.errors import StatesetError
from stateset.system.models import Event, OutboxMessage
from tests.finance.builders import make_debt
from tests.inventory.builders import make_product
from tests.inventory.manufacturing.builders import make_bom, make_work_order
from tests.inventory.procurement.builders import make_purchase_order, make_sent_order
from tests.orders.builders import make_order
from tests.pages import delete_url, staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("make", "number", "event_type"),
    [
        (make_order, "order_number", "order.deleted"),
        (lambda: make_product(status="draft"), "sku", "product.deleted"),
        (make_bom, "bom_number", "bom.deleted"),
        (make_work_order, "work_order_number", "work_order.deleted"),
        (make_purchase_order, "po_number", "purchase_order.deleted"),
        (
            lambda: create_shipping_notice(make_sent_order()),
            "asn_number",
            "shipping_notice.deleted",
        ),
    ],
)
def test_a_deleted_document_is_told_of_with_its_number(
    make: Callable[[], Model], number: str, event_type: str
) -> None:
    row = make()

    staff().post(delete_url(row), {"post": "yes"})

    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    event = Event.objects.get(event_type=event_type)
    assert (event.aggregate_id, event.payload) == (
        row.pk,
        {"number": getattr(row, number)},
    )
    assert event.actor_id is not None
    assert OutboxMessage.objects.filter(event=event).count() == 1


def test_a_discarded_draft_of_an_invoice_is_told_of_once() -> None:
    draft = draft_invoice_for_order(make_debt())

    staff().post(delete_url(draft), {"post": "yes"})

    told = Event.objects.filter(aggregate_id=draft.pk).order_by("pk")
    assert [event.event_type for event in told] == [
        "invoice.drafted",
        "invoice.discarded",
    ]


def test_what_went_on_meanwhile_is_not_deleted() -> None:
    order = make_order()
    seen = Order.objects.get(pk=order.pk)
    confirm_order(order)

    with pytest.raises(StatesetError) as refused:
        admin.site.get_model_admin(Order).delete_model(RequestFactory().post("/"), seen)

    assert str(refused.value) == (
        f"Order {order} was not deleted.\n"
        "  why: it is confirmed now\n"
        "  fix: reload the page and use the buttons on it"
    )
    assert not Event.objects.filter(event_type="order.deleted").exists()
