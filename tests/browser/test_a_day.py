"""A working day by clicking: from an order to its refund, then the books are read.

Each person has the rights of their group and no more. Runs on both engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from finance.models import Invoice, Payment, PaymentApplication
from fulfillment.models import FulfillmentOrder, Shipment
from inventory.models import Location, ProductVariant, StockLevel, StockTransaction
from orders.models import Order
from returns.models import ReturnApproval, ReturnRequest
from stateset.system.models import Event
from tests.browser.people import Desk
from tests.orders.builders import (
    make_address,
    make_customer,
    make_location,
    make_variant,
    stock,
)
from tests.pages import action_url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.long,
]


@dataclass(frozen=True)
class Office:
    """Who works today."""

    support: Desk
    manager: Desk
    warehouse: Desk
    finance: Desk


@dataclass(frozen=True)
class Goods:
    """What is sold today: three units of tea here and five elsewhere; ten of coffee."""

    tea: ProductVariant
    coffee: ProductVariant
    here: Location
    elsewhere: Location
    quarantine: Location

    def level(self, variant: ProductVariant, place: Location) -> StockLevel:
        return StockLevel.objects.get(variant=variant, location=place)


@pytest.fixture
def office(
    transactional_db: None, browser: Browser, live_server: LiveServer
) -> Iterator[Office]:
    desks = [
        Desk(browser, live_server.url, name=name, group=group)
        for name, group in (
            ("Sam", "Support"),
            ("Mia", "Manager"),
            ("Wim", "Warehouse"),
            ("Fay", "Finance"),
        )
    ]
    yield Office(*desks)
    for desk in desks:
        desk.leave()


@pytest.fixture
def goods(transactional_db: None) -> Goods:
    here = make_location(code="BER", name="Berlin")
    elsewhere = make_location(code="POT", name="Potsdam")
    quarantine = make_location(code="QUA", name="Broken", kind="quarantine")
    tea = make_variant(sku="TEA", price=Decimal("39.99"), tax_rate=Decimal("0.07"))
    coffee = make_variant(
        sku="COFFEE", price=Decimal("24.95"), tax_rate=Decimal("0.19")
    )
    for variant, place, units in (
        (tea, here, 3),
        (tea, elsewhere, 5),
        (coffee, here, 10),
    ):
        stock(variant, units, location=place)
    return Goods(tea, coffee, here, elsewhere, quarantine)


def test_a_day(office: Office, goods: Goods) -> None:
    order = take_the_order(office)
    first = ship_what_is_there(office, order)
    replenish(office, goods)
    second = ship_the_rest(office, order)
    follow_both_parcels(office, first, second)
    invoice = settle(office, order)
    take_back_half_good_half_broken(office, order)

    output = StringIO()
    call_command("check_integrity", stdout=output)
    assert output.getvalue().strip().endswith("rules hold")
    every_unit_is_explained(goods)
    every_cent_is_explained(order, invoice)
    everything_was_told(order, office)


def take_the_order(office: Office) -> Order:
    """Take three teas and two coffees on the telephone, paid before they leave."""
    customer = make_customer()
    make_address(customer, is_default_shipping=True)
    office.support.add(
        Order,
        {
            "customer": f"{customer.email} | {customer}",
            "items-0-variant": "TEA",
            "items-0-quantity": "3",
            "items-1-variant": "COFFEE",
            "items-1-quantity": "2",
            "shipping_total": "4.90",
        },
    )
    order = Order.objects.get()
    assert order.total_amount == Decimal("192.65")
    office.support.do(order, "Confirm", says=f"Order {order} is confirmed")
    office.finance.do(
        order,
        "Record payment",
        typed={"Method": "Bank transfer"},
        says="is recorded for order",
    )
    office.support.open(order)
    expect(office.support.buttons).not_to_contain_text("Record payment")
    assert "Confirmed" in office.support.state()
    assert "Paid" in office.support.state()
    return order


def ship_what_is_there(office: Office, order: Order) -> Shipment:
    """Send two of three teas, and both coffees: one tea is not on its shelf."""
    wim = office.warehouse
    wim.do(order, "Release to warehouse", says="goes to the warehouse as")
    pick = FulfillmentOrder.objects.get()
    wim.do(pick, "Start picking", says="is yours to pick")
    wim.do(pick, "Pack", typed={"TEA": "2"}, says="missing: 1 of line 1 (TEA)")
    parcel = send(office, pick, tracking="0001")
    assert_order(order, "processing", "partially_fulfilled")
    return parcel


def replenish(office: Office, goods: Goods) -> None:
    """Fetch two teas from the other warehouse; count the missing one away."""
    wim = office.warehouse
    wim.do(
        goods.level(goods.tea, goods.elsewhere),
        "Transfer",
        typed={"To": str(goods.here), "Units": "2", "Reason": "Berlin has none"},
        says="of TEA went to",
    )
    wim.do(
        goods.level(goods.tea, goods.here),
        "Count",
        typed={"Units counted": "2", "Reason": "one is gone"},
        says="is counted",
    )


def ship_the_rest(office: Office, order: Order) -> Shipment:
    wim = office.warehouse
    wim.do(order, "Release to warehouse", says="goes to the warehouse as")
    pick = FulfillmentOrder.objects.get(status="pending")
    wim.do(pick, "Start picking", says="is yours to pick")
    wim.do(pick, "Pack", says="is packed.")
    parcel = send(office, pick, tracking="0002")
    assert_order(order, "shipped", "fulfilled")
    return parcel


def send(office: Office, pick: FulfillmentOrder, *, tracking: str) -> Shipment:
    """Put what is packed into a parcel and give it to the carrier."""
    wim = office.warehouse
    wim.do(
        pick,
        "Create shipment",
        typed={"Carrier": "DHL", "Tracking number": tracking},
        says="ship it when the carrier has it",
    )
    parcel = Shipment.objects.get(tracking_number=tracking)
    wim.do(parcel, "Mark ready to ship", says="waits for the carrier")
    wim.do(parcel, "Ship", says="has left")
    return parcel


def follow_both_parcels(office: Office, first: Shipment, second: Shipment) -> None:
    """Record scans: one that comes late is kept and moves nothing back."""
    wim = office.warehouse
    scan = "Record tracking scan"
    wim.do(first, scan, typed={"What happened": "In transit"}, says="is in transit")
    an_hour_ago = f"{timezone.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    wim.do(
        first,
        scan,
        typed={"What happened": "Out for delivery", "When": an_hour_ago},
        says="stays in transit",
    )
    assert "In transit" in wim.state()
    wim.do(first, "Mark delivered", says="has arrived")
    assert_order(first.order, "shipped", "fulfilled")
    wim.do(second, scan, typed={"What happened": "Delivered"}, says="is delivered")
    assert_order(first.order, "delivered", "fulfilled")


def settle(office: Office, order: Order) -> Invoice:
    """Issue the invoice; it takes the payment that came before it."""
    office.finance.do(order, "Invoice", says="is issued")
    invoice = Invoice.objects.get()
    office.finance.open(invoice)
    assert "Paid" in office.finance.state()
    return invoice


def take_back_half_good_half_broken(office: Office, order: Order) -> None:
    """Return two teas; who asks for it may not approve it, though in the group."""
    sam, wim = office.support, office.warehouse
    tea = order.items.get(sku="TEA")
    sam.add(
        ReturnRequest,
        {
            "order": str(order),
            "reason_code": "Damaged in transit",
            "items-0-order_item": f"{order} | {tea}",
            "items-0-quantity": "2",
        },
    )
    asked = ReturnRequest.objects.get()
    sam.open(asked)
    expect(sam.buttons).not_to_contain_text("Approve")
    assert sam.page.request.get(action_url(asked, "approve")).status == 403
    office.manager.do(asked, "Approve", says="is approved")
    wim.do(asked, "Receive goods", says="is received")
    wim.do(
        asked,
        "Inspect",
        typed={
            "2 × TEA: condition": "Mixed",
            "2 × TEA: back on the shelf": "1",
            "2 × TEA: scrapped": "1",
        },
        says="its goods are put away",
    )
    sam.do(asked, "Complete", says="85.58 USD were given back")


def every_unit_is_explained(goods: Goods) -> None:
    """Read what was moved where; it comes to what the levels say."""
    assert moved(goods, goods.tea, goods.here) == [
        ("receive", 3),
        ("ship", -2),
        ("transfer_in", 2),
        ("count", -1),
        ("ship", -1),
        ("return", 1),
    ]
    assert moved(goods, goods.tea, goods.elsewhere) == [
        ("receive", 5),
        ("transfer_out", -2),
    ]
    # The broken one passes through where nothing is sold from.
    assert moved(goods, goods.tea, goods.quarantine) == [("return", 1), ("scrap", -1)]
    assert moved(goods, goods.coffee, goods.here) == [("receive", 10), ("ship", -2)]
    for level in StockLevel.objects.all():
        rows = StockTransaction.objects.filter(level=level)
        sums = rows.aggregate(
            on_hand=Sum("on_hand_delta"),
            reserved=Sum("reserved_delta"),
            allocated=Sum("allocated_delta"),
        )
        assert sums == {"on_hand": level.on_hand, "reserved": 0, "allocated": 0}
        assert (level.reserved, level.allocated) == (0, 0)


def moved(
    goods: Goods, variant: ProductVariant, place: Location
) -> list[tuple[str, int]]:
    rows = StockTransaction.objects.filter(level=goods.level(variant, place))
    return list(
        rows.exclude(on_hand_delta=0)
        .order_by("id")
        .values_list("transaction_type", "on_hand_delta")
    )


def every_cent_is_explained(order: Order, invoice: Invoice) -> None:
    """Read the money: 192.65 came, 85.58 went back, the invoice keeps the rest."""
    payments = Payment.objects.order_by("created_at").values_list("kind", "amount")
    paid, back = Decimal("192.65"), Decimal("85.58")
    assert list(payments) == [("charge", paid), ("refund", back)]
    order.refresh_from_db()
    assert (order.amount_paid, order.amount_refunded) == (paid, back)
    assert order.payment_status == "partially_refunded"
    assert order.fulfillment_status == "partially_returned"
    invoice.refresh_from_db()
    assert (invoice.total, invoice.amount_credited) == (paid, back)
    applied = PaymentApplication.objects.filter(invoice=invoice)
    assert applied.aggregate(sum=Sum("amount")) == {"sum": paid - back}
    assert invoice.amount_paid == paid - back


def everything_was_told(order: Order, office: Office) -> None:
    """Read the events: one a step, and the approval of another person."""
    told = Event.objects.filter(aggregate_id=order.pk).order_by("id")
    assert list(told.values_list("event_type", flat=True)) == [
        "order.placed",
        "order.confirmed",
        "order.payment_changed",
        "order.processing",
        "order.partially_shipped",
        "order.shipped",
        "order.delivered",
        "order.returned",
        "order.payment_changed",
    ]
    approval = ReturnApproval.objects.get()
    assert approval.approver == office.manager.user
    assert approval.return_request.requested_by == office.support.user


def assert_order(order: Order, status: str, fulfillment_status: str) -> None:
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == (status, fulfillment_status)
