"""Sales over the counter: goods, money and papers change hands in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from finance.errors import CashSaleError, TenderedTooLittleError
from finance.models import CashSale, Payment
from finance.services.amounts import money_text
from finance.services.invoices import invoice_order
from finance.services.payments import record_payment
from finance.services.refunds import refund_payment
from inventory.models import Location, StockTransaction
from inventory.services.stock import (
    Reference,
    allocate_reservations,
    receive_stock,
    take_allocated,
)
from orders.models import Customer, Order
from orders.services import (
    OrderLine,
    begin_processing,
    confirm_order,
    create_customer,
    order_reference,
    place_order,
    record_delivered,
    record_packed,
    record_returned,
    record_shipped,
)
from stateset.accounts.models import User
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row, lock_row

WALK_IN_NUMBER = "WALK-IN"
"""Number of the customer whom sales without a name are booked to."""


def record_cash_sale(
    *,
    location: Location,
    cashier: User,
    lines: Sequence[OrderLine],
    tendered_amount: Decimal,
    customer: Customer | None = None,
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> CashSale:
    """Sell over the counter: order, stock, payment and invoice, all or nothing.

    With the ``idempotency_key`` of an earlier sale that one is returned and nothing
    is sold. Raises InsufficientStockError, TenderedTooLittleError, or what placing
    the order raises.
    """
    with business_transaction():
        earlier = CashSale.objects.filter(order__idempotency_key=idempotency_key)
        if idempotency_key and (sold := earlier.first()):
            return sold
        order = place_order(
            customer=customer or walk_in_customer(),
            lines=lines,
            location=location,
            channel=Order.Channel.STORE,
            idempotency_key=idempotency_key,
            at=at,
        )
        _require_covered(order, tendered_amount)
        confirm_order(order, at=at)
        sale = CashSale(
            sale_number=next_number("SAL", at=at),
            order=order,
            location=location,
            cashier=cashier,
            currency=order.currency,
            amount=order.total_amount,
            tendered_amount=tendered_amount,
            change_amount=tendered_amount - order.total_amount,
            sold_at=at or timezone.now(),
        )
        _hand_over(sale, at=at)
        sale.payment = record_payment(
            order=order, amount=sale.amount, method=Payment.Method.CASH, at=at
        )
        invoice_order(order, at=at)
        sale.save(force_insert=True)
        record_event(
            sale,
            "cash_sale.recorded",
            {"order": order.order_number, "amount": sale.amount},
            at=at,
        )
    return sale


def void_cash_sale(
    sale: CashSale, *, reason: str, at: datetime | None = None
) -> CashSale:
    """Undo a sale of the same day: goods back on the shelf, money back, credited."""
    now = at or timezone.now()
    with business_transaction(reason=reason):
        lock_row(sale.order)
        claim_row(sale)
        require_transition(sale, CashSale.Status.VOIDED)
        _require_untouched(sale, now)
        # Stock before numbers, as when selling: the other way round, a sale and a
        # voiding at once would wait for each other.
        _take_back(sale, reason, at=at)
        refund_payment(sale.payment, amount=sale.amount, reason=reason, at=at)
        return change_status(
            sale,
            CashSale.Status.VOIDED,
            event_type="cash_sale.voided",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def walk_in_customer() -> Customer:
    """Return the customer whom sales without a name are booked to."""
    known = Customer.objects.filter(customer_number=WALK_IN_NUMBER).first()
    return known or create_customer(number=WALK_IN_NUMBER, last_name="Walk-in customer")


def _require_covered(order: Order, tendered: Decimal) -> None:
    total = money_text(order.total_amount, order.currency)
    if order.total_amount <= 0:
        raise CashSaleError(
            "The sale was not recorded.",
            why=f"it comes to {total}",
            fix="give at least one line a price",
        )
    if tendered < order.total_amount:
        raise TenderedTooLittleError(
            "The sale was not recorded.",
            why=f"{money_text(tendered, order.currency)} was tendered for {total}",
            fix=f"take at least {total}",
        )


def _hand_over(sale: CashSale, *, at: datetime | None) -> None:
    order = sale.order
    allocations = allocate_reservations(
        reservations_of=order_reference(order), to=_reference(sale), at=at
    )
    take_allocated(
        quantities={row.pk: row.quantity for row in allocations},
        kind=StockTransaction.Type.SHIP,
        reference=_reference(sale),
        at=at,
    )
    begin_processing(order, at=at)
    quantities = {row.reference_line_id: row.quantity for row in allocations}
    record_packed(order, quantities=quantities)
    record_shipped(order, quantities=quantities, at=at)
    record_delivered(order, at=at)


def _take_back(sale: CashSale, reason: str, *, at: datetime | None) -> None:
    shipped = StockTransaction.objects.filter(
        reference_type="cash_sale",
        reference_id=sale.pk,
        transaction_type=StockTransaction.Type.SHIP,
    ).select_related("level__variant", "level__location")
    for entry in shipped.order_by("level"):
        receive_stock(
            variant=entry.level.variant,
            location=entry.level.location,
            quantity=-entry.on_hand_delta,
            unit_cost=entry.unit_cost or Decimal(0),
            reference=_reference(sale),
            line_id=entry.reference_line_id,
            kind=StockTransaction.Type.RETURN,
            reason=reason[:255],
            at=at,
        )
    quantities = {
        item.pk: item.quantity_fulfilled
        for item in sale.order.items.filter(quantity_fulfilled__gt=0)
    }
    record_returned(sale.order, quantities=quantities, at=at)


def _require_untouched(sale: CashSale, now: datetime) -> None:
    refused = f"Cash sale {sale} was not voided."
    if sale.sold_at.date() != now.date():
        raise CashSaleError(
            refused,
            why=f"it was made on {sale.sold_at:%Y-%m-%d}, and only sales of the same"
            " day are voided",
            fix="take the goods back as a return",
        )
    returned = sale.order.items.filter(quantity_returned__gt=0).exists()
    if returned or sale.payment.refunded_amount:
        raise CashSaleError(
            refused,
            why="some of its goods or money went back already",
            fix="take the rest back as a return",
        )


def _reference(sale: CashSale) -> Reference:
    return Reference("cash_sale", sale.pk)
