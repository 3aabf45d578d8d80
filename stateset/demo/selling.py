"""Customers order; the warehouse picks, packs and ships; carriers deliver."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from finance.services import (
    capture_payment,
    invoice_order,
    owed_on_order,
    record_authorization,
    record_payment,
)
from fulfillment.models import Shipment
from fulfillment.services import (
    complete_services,
    create_shipment,
    deliver_shipment,
    mark_ready,
    pack_fulfillment,
    record_tracking,
    release_order,
    ship_shipment,
    start_picking,
)
from inventory.errors import InsufficientStockError
from orders.models import Order
from orders.services import (
    OrderLine,
    cancel_order,
    checkout_cart,
    confirm_order,
    get_or_open_cart,
    hold_order,
    place_order,
    resume_order,
    set_cart_item,
)
from stateset.demo.aftersales import ask_for_return, report_fault
from stateset.demo.world import World

FREE_SHIPPING_FROM = Decimal(60)
FREIGHT = Decimal("5.90")
CARRIERS = ("DHL", "UPS", "DPD")
PROMISE = timedelta(days=5)
TILL_CAPTURED = timedelta(minutes=10)
CHEAP = ("Coffee", "Accessories", "Cups")


def place(world: World, at: datetime) -> None:
    """Have a customer order: through the cart, the web or by telephone."""
    customer = world.random.choice(world.customers)
    wanted = _basket(world, is_company=bool(customer.company))
    total = sum(
        (line.variant.price * line.quantity for line in wanted), start=Decimal(0)
    )
    terms: dict[str, Any] = {
        "location": world.warehouse,
        "shipping_total": Decimal(0) if total >= FREE_SHIPPING_FROM else FREIGHT,
        "shipping_method": "Standard",
        "promised_at": at + PROMISE,
    }
    if world.chance(15) and not customer.company:
        cart = get_or_open_cart(customer=customer, at=at)
        for line in wanted:
            set_cart_item(cart, variant=line.variant, quantity=line.quantity, at=at)
        if world.chance(15):
            return
        try:
            order = checkout_cart(cart, at=at, **terms)
        except InsufficientStockError:
            return
        _after_confirming(world, at, order.pk)
        return
    channel = Order.Channel.PHONE if customer.company else Order.Channel.WEB
    order = place_order(
        customer=customer, lines=wanted, channel=channel, at=at, **terms
    )
    world.plan(at + world.hours(0.1, 0.6), confirm, order.pk)


def confirm(world: World, at: datetime, key: UUID) -> None:
    """Support confirms, holds for a look, or waits for stock."""
    order = Order.objects.get(pk=key)
    if order.status != Order.Status.PENDING:
        return
    if world.chance(2):
        hold_order(order, reason="address looks wrong, asked the customer", at=at)
        world.plan(at + world.hours(5, 60), resume, key)
        return
    if world.chance(2):
        cancel_order(order, reason="customer changed their mind", at=at)
        return
    try:
        confirm_order(order, at=at)
    except InsufficientStockError:
        world.plan(at + world.days(1, 3), confirm, key)
        return
    _after_confirming(world, at, key)


def resume(world: World, at: datetime, key: UUID) -> None:
    resume_order(Order.objects.get(pk=key), at=at)
    world.plan(at + world.hours(0.1, 1), confirm, key)


def authorize(world: World, at: datetime, key: UUID, method: str) -> None:
    """Have the customer's card vouch for the order; it pays when the goods leave."""
    order = Order.objects.get(pk=key)
    owed = owed_on_order(order)
    if owed > 0:
        record_authorization(order=order, amount=owed, method=method, at=at)


def capture(world: World, at: datetime, key: UUID) -> None:
    for payment in Order.objects.get(pk=key).payments.authorized():
        capture_payment(payment, at=at)


def pay(world: World, at: datetime, key: UUID, method: str) -> None:
    order = Order.objects.get(pk=key)
    owed = owed_on_order(order)
    if owed > 0 and order.status != Order.Status.CANCELLED:
        record_payment(order=order, amount=owed, method=method, at=at)


def release(world: World, at: datetime, key: UUID) -> None:
    order = Order.objects.get(pk=key)
    if order.status != Order.Status.CONFIRMED:
        return
    if order.items.filter(variant__is_stocked=True).exists():
        pick = release_order(order, ship_by=at + timedelta(days=1), at=at)
        world.plan(
            at + world.hours(0.5, 4), pick_and_pack, order.pk, pick.pk, role="packer"
        )
    else:
        complete_services(order, at=at)
        invoice_order(order, at=at)
        world.plan(at + TILL_CAPTURED, capture, key, role="finance")


def pick_and_pack(world: World, at: datetime, key: UUID, pick_key: UUID) -> None:
    order = Order.objects.get(pk=key)
    pick = order.fulfillment_orders.get(pk=pick_key)
    start_picking(pick, picker=world.staff["packer"], at=at)
    if at + timedelta(minutes=40) > world.now:
        return
    pack_fulfillment(pick, at=at + timedelta(minutes=40))
    world.plan(at + world.hours(1, 5), ship, key, pick_key, role="packer")


def ship(world: World, at: datetime, key: UUID, pick_key: UUID) -> None:
    pick = Order.objects.get(pk=key).fulfillment_orders.get(pk=pick_key)
    carrier = world.random.choice(CARRIERS)
    shipment = create_shipment(
        pick,
        carrier=carrier,
        service="Standard",
        tracking_number=f"{carrier}{world.random.randint(10**9, 10**10 - 1)}",
        shipping_cost=Decimal("4.20"),
        estimated_delivery_at=at + timedelta(days=4),
        at=at,
    )
    ship_shipment(mark_ready(shipment, at=at), at=at)
    invoice_order(Order.objects.get(pk=key), at=at)
    world.plan(at + TILL_CAPTURED, capture, key, role="finance")
    world.plan(at + world.days(0.6, 1.4), scan, shipment.pk, role="warehouse")


def scan(world: World, at: datetime, key: UUID) -> None:
    """Have the carrier see the parcel; a few fail at the door."""
    shipment = Shipment.objects.get(pk=key)
    record_tracking(
        shipment,
        status=Shipment.Status.IN_TRANSIT,
        occurred_at=at,
        place="Depot",
        carrier_event_id=f"{shipment.tracking_number}-1",
    )
    if world.chance(2):
        world.plan(at + world.days(1, 2), fail, key, role="warehouse")
    else:
        world.plan(at + world.days(0.5, 2.5), deliver, key, role="warehouse")


def fail(world: World, at: datetime, key: UUID) -> None:
    shipment = Shipment.objects.get(pk=key)
    record_tracking(
        shipment,
        status=Shipment.Status.FAILED,
        occurred_at=at,
        description="Nobody at home",
        carrier_event_id=f"{shipment.tracking_number}-2",
    )
    world.plan(at + world.days(1, 4), deliver, key, role="warehouse")


def deliver(world: World, at: datetime, key: UUID) -> None:
    shipment = deliver_shipment(Shipment.objects.get(pk=key), at=at)
    if world.chance(7):
        world.plan(at + world.days(1, 14), ask_for_return, shipment.order_id)
    if world.chance(12):
        world.plan(at + world.days(10, 90), report_fault, shipment.order_id)


def _after_confirming(world: World, at: datetime, key: UUID) -> None:
    by_invoice = bool(Order.objects.get(pk=key).customer.company)
    if not by_invoice:
        method = world.random.choice(("card", "card", "paypal"))
        world.plan(at + world.hours(0, 0.05), authorize, key, method, role="finance")
    elif world.chance(85):
        when = at + world.days(5, 35)
        world.plan(when, pay, key, "bank_transfer", role="finance")
    world.plan(at + world.hours(2, 18), release, key, role="warehouse")


def _basket(world: World, *, is_company: bool) -> list[OrderLine]:
    """Return one to four lines, popular goods more often."""
    sold = [goods for goods in world.goods.values() if goods.popularity]
    weights = [goods.popularity for goods in sold]
    count = world.random.choices((1, 2, 3, 4), (45, 30, 17, 8))[0]
    chosen = {
        goods.sku: goods for goods in world.random.choices(sold, weights, k=count)
    }
    lines = []
    for sku, goods in chosen.items():
        most = (4 if is_company else 2) if goods.category in CHEAP else 1
        quantity = world.random.randint(1, most)
        variant = world.variants[sku]
        discount = Decimal(0)
        if is_company:
            discount = (variant.price * quantity * Decimal("0.10")).quantize(
                Decimal("0.01")
            )
        lines.append(OrderLine(variant, quantity, discount=discount))
    return lines
