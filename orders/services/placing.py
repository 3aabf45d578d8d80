"""Place an order: what a customer asks for, priced and written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.utils import timezone

from inventory.models import Location
from orders.errors import (
    CustomerNotActiveError,
    LineRefusedError,
    OrderKeyReusedError,
    OrderNumberTakenError,
    PayByRefusedError,
)
from orders.models import Customer, Order, OrderItem
from orders.services.addressing import (
    AddressGiven,
    choose_addresses,
    choose_location,
)
from orders.services.derived import derive_payment_status
from orders.services.pricing import (
    OrderLine,
    price_lines,
    require_sellable,
    sum_totals,
)
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.models import Event
from stateset.system.services import next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import keep_row


def place_order(
    *,
    customer: Customer,
    lines: Sequence[OrderLine],
    location: Location | None = None,
    order_number: str | None = None,
    currency: str | None = None,
    shipping_total: Decimal = Decimal(0),
    shipping_method: str = "",
    channel: str = Order.Channel.WEB,
    shipping_address: AddressGiven = None,
    billing_address: AddressGiven = None,
    promised_at: datetime | None = None,
    pay_by: datetime | None = None,
    notes: str = "",
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Order:
    """Write down a pending order; it reserves nothing until it is confirmed.

    Unpaid at ``pay_by``, it is cancelled and what it reserved is given back.

    With the ``idempotency_key`` of an earlier order, that order is returned and
    nothing is written; OrderKeyReusedError where it was for another customer or
    other goods. An imported order tells of the past, so its variants need
    not be on sale any more. Raises an OrdersError that says what is wrong.
    """
    earlier = _placed_with(idempotency_key)
    if earlier is not None:
        return _require_same(earlier, customer, lines)
    require_active(customer)
    require_time_to_pay(pay_by, at=at)
    _require_lines(lines)
    if channel != Order.Channel.IMPORT:
        require_sellable(lines)
    currency = currency or lines[0].variant.currency
    items = list(price_lines(lines, currency=currency))
    totals = sum_totals(items, shipping_total=round_money(shipping_total, currency))
    ship_to, bill_to = choose_addresses(
        customer, shipping=shipping_address, billing=billing_address
    )
    order = Order(
        order_number=order_number or "",
        customer=customer,
        customer_email=customer.email or "",
        payment_status=derive_payment_status(
            total=totals["total_amount"], paid=Decimal(0), refunded=Decimal(0)
        ),
        channel=channel,
        order_date=at or timezone.now(),
        promised_at=promised_at,
        pay_by=pay_by,
        location=choose_location(location),
        currency=currency,
        **totals,
        shipping_method=shipping_method,
        shipping_address=ship_to,
        billing_address=bill_to,
        notes=notes,
        idempotency_key=idempotency_key,
        created_by_id=acting_user_id(),
    )
    return _write(order, items, lines, at=at)


def require_time_to_pay(pay_by: datetime | None, *, at: datetime | None) -> None:
    """Raise PayByRefusedError for a time that is over: it would cancel at once."""
    if pay_by is not None and pay_by <= (at or timezone.now()):
        raise PayByRefusedError(
            "The order was not taken with this time to pay by.",
            why=f"{pay_by:%Y-%m-%d %H:%M %Z} is over, so it would be cancelled at once",
            fix="give a time to come, or none",
        )


def require_active(customer: Customer) -> None:
    """Raise CustomerNotActiveError if the customer may not order."""
    if customer.status == Customer.Status.ACTIVE:
        return
    raise CustomerNotActiveError(
        f"{customer} can't order.",
        why=f"the customer is {customer.status}",
        fix="reactivate the customer first",
    )


def _write(
    order: Order,
    items: Sequence[OrderItem],
    lines: Sequence[OrderLine],
    *,
    at: datetime | None,
) -> Order:
    try:
        with business_transaction(reason="order placed"):
            # Who is erased meanwhile must not come back with the copies made above.
            order.customer.status = keep_row(order.customer, "status")
            require_active(order.customer)
            order.order_number = order.order_number or next_number("ORD", at=at)
            order.save(force_insert=True)
            for item in items:
                item.order = order
            OrderItem.objects.bulk_create(items)
            record_event(order, "order.placed", _payload(order, items), at=at)
    except IntegrityError:
        # Somebody placed an order with this key or this number meanwhile.
        earlier = _placed_with(order.idempotency_key)
        if earlier is not None:
            return _require_same(earlier, order.customer, lines)
        if Order.objects.filter(order_number=order.order_number).exists():
            raise OrderNumberTakenError(
                f"Order {order.order_number} was not placed.",
                why="there is an order with this number already",
                fix="leave the number out, or choose another",
            ) from None
        raise
    return order


def _placed_with(idempotency_key: str | None) -> Order | None:
    if not idempotency_key:
        return None
    return Order.objects.filter(idempotency_key=idempotency_key).first()


def _require_same(
    earlier: Order, customer: Customer, lines: Sequence[OrderLine]
) -> Order:
    """Return the earlier order if it was for this; else raise OrderKeyReusedError.

    By the event of its placing: the order itself may have been edited since. Prices
    are not compared, they may have changed before the same request came again.
    """
    placed = Event.objects.filter(
        aggregate_type="order", aggregate_id=earlier.pk, event_type="order.placed"
    ).first()
    if placed is None:
        # Purged: nobody sends a request again after a year.
        return earlier
    was = sorted((line["sku"], line["quantity"]) for line in placed.payload["lines"])
    wanted = sorted((line.variant.sku, line.quantity) for line in lines)
    if (placed.payload["customer_id"], was) == (str(customer.pk), wanted):
        return earlier
    raise OrderKeyReusedError(
        "The order was not placed.",
        why=f"its key {earlier.idempotency_key!r} was used before, for {earlier}",
        fix="use a new key for a new order",
    )


def _require_lines(lines: Sequence[OrderLine]) -> None:
    if not lines:
        raise LineRefusedError(
            "The order was not placed.",
            why="it has no lines",
            fix="add at least one line",
        )


def _payload(order: Order, items: Sequence[OrderItem]) -> dict[str, object]:
    return {
        "order_number": order.order_number,
        "customer_id": str(order.customer_id),
        "currency": order.currency,
        "total_amount": order.total_amount,
        "lines": [
            {"sku": item.sku, "quantity": item.quantity, "total": str(item.total_price)}
            for item in items
        ],
    }
