"""What must hold in the books of orders and carts, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Coalesce
from django.db.models.lookups import GreaterThan

from inventory.models import ReferenceType, StockAllocation, StockReservation
from orders.models import Cart, Order, OrderItem
from stateset.lib.fields import MINOR_UNITS
from stateset.lib.invariants import Invariant, Violation
from stateset.lib.two_sides import differing
from stateset.lib.whole_rows import whole_rows

NOTHING = Decimal(0)
FLOAT_NOISE = Decimal("0.00005")
"""SQLite computes with floats: less than this is no difference."""

WITHOUT_CENTS = [code for code, digits in MINOR_UNITS.items() if digits == 0]
HALF_A_CENT, HALF_A_YEN = Decimal("0.005") + FLOAT_NOISE, Decimal("0.5") + FLOAT_NOISE
PROMISED_TO_ORDERS = (
    ReferenceType.ORDER,
    ReferenceType.FULFILLMENT_ORDER,
    ReferenceType.CASH_SALE,
)
Paid, Sent = Order.PaymentStatus, Order.FulfillmentStatus
PAYMENT_STATUS = Case(
    When(
        amount_refunded__gt=0,
        amount_refunded__gte=F("amount_paid"),
        then=Value(Paid.REFUNDED),
    ),
    When(amount_refunded__gt=0, then=Value(Paid.PARTIALLY_REFUNDED)),
    When(amount_paid__gte=F("total_amount"), then=Value(Paid.PAID)),
    When(amount_paid__gt=0, then=Value(Paid.PARTIALLY_PAID)),
    When(amount_authorized__gte=F("total_amount"), then=Value(Paid.AUTHORIZED)),
    When(~Q(payment_failure=""), then=F("payment_failure")),
    default=Value(Paid.PENDING),
    output_field=CharField(),
)
"""What ``derive_payment_status`` says, read where the orders are."""

FULFILLMENT_STATUS = Case(
    When(shipped=0, then=Value(Sent.UNFULFILLED)),
    When(~Q(unshipped=0), then=Value(Sent.PARTIALLY_FULFILLED)),
    When(returned=0, then=Value(Sent.FULFILLED)),
    When(returned__gte=F("shipped"), then=Value(Sent.RETURNED)),
    default=Value(Sent.PARTIALLY_RETURNED),
    output_field=CharField(),
)
"""What ``fulfillment_status_of`` says of the units of an order's lines."""


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of orders and carts, cheapest first."""
    return (
        Invariant(
            "orders.cart_subtotals",
            "The subtotal of a cart is the sum of its lines.",
            carts_that_differ_from_lines,
        ),
        Invariant(
            "orders.promised_units",
            "Reserved and packed units of a line are what stock holds for it.",
            lines_that_differ_from_stock,
        ),
        Invariant(
            "orders.reservations_have_order",
            "Stock is reserved for orders that are there.",
            reservations_of_no_order,
        ),
        Invariant(
            "orders.cancelled_units",
            "A cancelled order has no units reserved, packed or shipped.",
            cancelled_orders_with_units,
        ),
        Invariant(
            "orders.shipped_units",
            "All of an order that is shipped or delivered has left.",
            shipped_orders_with_open_units,
        ),
        Invariant(
            "orders.line_totals",
            "A line costs price times quantity less discount, and its tax.",
            lines_that_do_not_add_up,
        ),
        Invariant(
            "orders.totals",
            "The totals of an order are the sums of its lines, and freight.",
            orders_that_differ_from_lines,
            is_long=True,
        ),
        Invariant(
            "orders.payment_status",
            "The payment status follows from total, paid, refunded and authorised.",
            orders_of_wrong_payment_status,
        ),
        Invariant(
            "orders.fulfillment_status",
            "The fulfilment status follows from the units of the lines.",
            orders_of_wrong_fulfillment_status,
        ),
    )


def carts_that_differ_from_lines() -> Iterator[Violation]:
    summed = Cart.objects.annotate(lines=_sum(F("items__line_total")))
    wrong: Any = summed.filter(_differs("subtotal", F("lines"))).order_by()
    for cart in wrong:
        yield Violation(
            str(cart), f"subtotal {cart.subtotal:.4f}, lines {cart.lines:.4f}"
        )


def lines_that_differ_from_stock() -> Iterator[Violation]:
    under_way = OrderItem.objects.filter(
        Q(quantity_reserved__gt=0) | Q(quantity_packed__gt=0)
    )
    promised = under_way.values_list(
        "pk", F("quantity_reserved") + F("quantity_packed")
    )
    open_units = F("quantity") - F("quantity_fulfilled") - F("quantity_released")
    held = [
        promises.filter(reference_type__in=PROMISED_TO_ORDERS).values_list(
            "reference_line_id", open_units
        )
        for promises in (
            StockReservation.objects.active(),
            StockAllocation.objects.open(),
        )
    ]
    wrong = {key: units for key, *units in differing([promised], held)}
    lines = OrderItem.objects.select_related("order")
    names = dict(whole_rows(lines, wrong))
    for key, (units, there) in wrong.items():
        yield Violation(
            str(names.get(key, f"order line {key}")),
            f"{units} reserved or packed, stock holds {there}",
        )


def reservations_of_no_order() -> Iterator[Violation]:
    held = StockReservation.objects.active().filter(reference_type=ReferenceType.ORDER)
    there = Order.objects.filter(pk=OuterRef("reference_id")).values("pk")
    orphans = held.annotate(order=Subquery(there)).filter(order=None)
    for reservation in orphans.select_related("level__variant", "level__location"):
        yield Violation(
            str(reservation), f"there is no order {reservation.reference_id}"
        )


def cancelled_orders_with_units() -> Iterator[Violation]:
    kept = F("quantity_reserved") + F("quantity_packed") + F("quantity_fulfilled")
    lines = OrderItem.objects.filter(order__status=Order.Status.CANCELLED)
    for line in lines.annotate(kept=kept).filter(kept__gt=0).select_related("order"):
        yield Violation(str(line), f"is cancelled, and {line.kept} units are not")


def shipped_orders_with_open_units() -> Iterator[Violation]:
    shipped = (Order.Status.SHIPPED, Order.Status.DELIVERED)
    lines = OrderItem.objects.filter(
        order__status__in=shipped,
        quantity__gt=F("quantity_fulfilled") + F("quantity_cancelled"),
    )
    for line in lines.select_related("order").order_by():
        yield Violation(
            str(line), f"is {line.order.status}, and {line.open_quantity} units are not"
        )


def lines_that_do_not_add_up() -> Iterator[Violation]:
    # A cancelled order keeps what it would have cost; units given up cost nothing.
    units = F("quantity") - Case(
        When(order__status=Order.Status.CANCELLED, then=0),
        default=F("quantity_cancelled"),
        output_field=IntegerField(),
    )
    goods = Abs(F("unit_price") * units - F("discount") - F("total_price"))
    tax = Abs(F("total_price") * F("tax_rate") - F("tax_amount"))
    lines = OrderItem.objects.annotate(goods_off=goods, tax_off=tax)
    in_yen = Q(order__currency__in=WITHOUT_CENTS)
    by_a_cent = Q(goods_off__gt=HALF_A_CENT) | Q(tax_off__gt=HALF_A_CENT)
    by_a_yen = Q(goods_off__gt=HALF_A_YEN) | Q(tax_off__gt=HALF_A_YEN)
    wrong = lines.filter((~in_yen & by_a_cent) | (in_yen & by_a_yen)).order_by()
    # Only what is wrong is read whole: the orders of all lines would fill the memory.
    keys = wrong.values_list("pk", flat=True)
    for _, line in whole_rows(OrderItem.objects.select_related("order"), keys):
        yield Violation(
            str(line),
            f"{line.quantity} × {line.unit_price} less {line.discount} is not "
            f"{line.total_price}, or its tax at {line.tax_rate} not {line.tax_amount}",
        )


def orders_that_differ_from_lines() -> Iterator[Violation]:
    goods, discount = F("items__total_price"), F("items__discount")
    summed = Order.objects.annotate(
        lines_subtotal=_sum(goods + discount),
        lines_discount=_sum(discount),
        lines_tax=_sum(F("items__tax_amount")),
    )
    total = F("subtotal") - F("discount_total") + F("tax_total") + F("shipping_total")
    wrong = summed.filter(
        _differs("subtotal", F("lines_subtotal"))
        | _differs("discount_total", F("lines_discount"))
        | _differs("tax_total", F("lines_tax"))
        | _differs("total_amount", total)
    )
    kept = ["subtotal", "discount_total", "tax_total", "shipping_total", "total_amount"]
    summed_up = ("lines_subtotal", "lines_discount", "lines_tax")
    rows = wrong.order_by().values_list("order_number", *kept, *summed_up)
    for number, *amounts in rows:
        written = [f"{amount:.4f}" for amount in amounts]
        yield Violation(
            number,
            "subtotal {}, discount {}, tax {}, freight {}, total {}; "
            "its lines: {}, {}, {}".format(*written),
        )


def orders_of_wrong_payment_status() -> Iterator[Violation]:
    rows = Order.objects.annotate(due=PAYMENT_STATUS).filter(
        ~Q(payment_status=F("due"))
    )
    for number, status, due in rows.order_by().values_list(
        "order_number", "payment_status", "due"
    ):
        yield Violation(number, f"payment is {status}, should be {due}")


def orders_of_wrong_fulfillment_status() -> Iterator[Violation]:
    open_units = (
        F("items__quantity")
        - F("items__quantity_fulfilled")
        - F("items__quantity_cancelled")
    )
    rows = (
        Order.objects.alias(
            shipped=Coalesce(Sum("items__quantity_fulfilled"), 0),
            returned=Coalesce(Sum("items__quantity_returned"), 0),
            unshipped=Coalesce(Sum(open_units), 0),
        )
        .annotate(due=FULFILLMENT_STATUS)
        .filter(~Q(fulfillment_status=F("due")))
    )
    for number, status, due in rows.order_by().values_list(
        "order_number", "fulfillment_status", "due"
    ):
        yield Violation(number, f"fulfilment is {status}, should be {due}")


def _sum(expression: Combinable) -> Coalesce:
    return Coalesce(Sum(expression), NOTHING)


def _differs(column: str, expression: Any) -> Q:
    return Q(GreaterThan(Abs(F(column) - expression), FLOAT_NOISE))
