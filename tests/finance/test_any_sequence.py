"""Whatever is done to two orders, in whatever order: the books of money hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from hypothesis.stateful import initialize, invariant, rule
from hypothesis.strategies import booleans, integers, sampled_from

from finance.invariants import invariants as invariants_of_finance
from finance.models import Invoice, InvoiceLine, Payment, PaymentApplication
from finance.services import (
    authorizable_amount,
    authorize_payment,
    cancel_payment,
    capturable_amount,
    capture_payment,
    confirm_payment,
    credit_invoice,
    expire_authorizations,
    fail_payment,
    invoice_order,
    owed_on_invoice,
    owed_on_order,
    record_authorization,
    record_payment,
    refund_payment,
    void_invoice,
    void_payment,
)
from finance.services.invoice_lines import order_lines_left
from orders.invariants import invariants as invariants_of_orders
from orders.models import Order, OrderItem
from orders.services import (
    OrderLine,
    can_edit_lines,
    cancel_order,
    confirm_order,
    recalculate_order,
)
from stateset.system.models import Event, NumberSequence
from tests.finance.builders import make_authorization, make_debt, make_payment
from tests.orders.builders import NOON, make_order, make_stocked_variant
from tests.property import Books, any_sequence

CENT = Decimal("0.01")

parts = integers(1, 4)
picks = integers(0, 7)


def part_of(most: Decimal, quarters: int) -> Decimal:
    """Return so many quarters of an amount, a cent at least."""
    return max(CENT, (most * quarters / 4).quantize(CENT, ROUND_DOWN))


class Money(Books):
    """Payments, authorisations, refunds, invoices and credits on two orders."""

    invariants_of = (invariants_of_finance, invariants_of_orders)
    watched = (
        Payment,
        PaymentApplication,
        Invoice,
        InvoiceLine,
        Order,
        OrderItem,
        Event,
        NumberSequence,
    )
    orders = sampled_from(("confirmed", "pending"))

    @initialize()
    def place_orders(self) -> None:
        self.now: datetime = NOON
        taxed = make_stocked_variant(price=Decimal("3.33"), tax_rate=Decimal("0.0875"))
        placed = {
            "confirmed": make_debt(100),
            "pending": make_order(lines=[OrderLine(taxed, 3)]),
        }
        self.keys = {name: order.pk for name, order in placed.items()}
        self.came = dict.fromkeys(self.keys, Decimal(0))
        self.went_back = dict.fromkeys(self.keys, Decimal(0))
        # Something to capture, void, confirm, fail and refund from the first step on.
        debt: dict[str, Any] = {"order": placed["confirmed"], "at": NOON}
        make_authorization(amount=Decimal(40), **debt)
        make_payment(amount=Decimal(20), has_arrived=False, **debt)
        make_payment(amount=Decimal(30), method="cash", **debt)
        self.came["confirmed"] = Decimal(30)

    @invariant()
    def every_cent_is_counted(self) -> None:
        for name in self.keys:
            order = self.order(name)
            counted = (order.amount_paid, order.amount_refunded)
            assert counted == (self.came[name], self.went_back[name])
        # Nobody changes what this one comes to.
        assert self.came["confirmed"] - self.went_back["confirmed"] <= Decimal(100)

    @rule(name=orders, quarters=parts, arrives=booleans())
    def pay(self, name: str, quarters: int, *, arrives: bool) -> None:
        order = self.order(name)
        owed = owed_on_order(order)
        amount = part_of(owed, quarters)
        is_done = self.does_or_refuses(
            lambda: record_payment(
                order=order,
                amount=amount,
                method="card",
                has_arrived=arrives,
                at=self.now,
            ),
            is_legal=owed > 0,
        )
        if is_done and arrives:
            self.came[name] += amount

    @rule(name=orders, quarters=parts)
    def authorize(self, name: str, quarters: int) -> None:
        order = self.order(name)
        most = authorizable_amount(order, at=self.now)
        self.does_or_refuses(
            lambda: record_authorization(
                order=order,
                amount=part_of(most, quarters),
                method="paypal",
                at=self.now,
            ),
            is_legal=most > 0,
        )

    @rule(name=orders)
    def ask_for_too_much(self, name: str) -> None:
        order = self.order(name)
        owed, free = owed_on_order(order), authorizable_amount(order, at=self.now)
        self.refuses(
            lambda: record_payment(
                order=order, amount=owed + CENT, method="card", at=self.now
            )
        )
        self.refuses(
            lambda: record_authorization(
                order=order, amount=free + CENT, method="card", at=self.now
            )
        )

    @rule(pick=picks, quarters=parts)
    def capture(self, pick: int, quarters: int) -> None:
        payment = self.payment(pick)
        if payment is None:
            return
        most = capturable_amount(payment)
        amount = part_of(most, quarters)
        is_done = self.does_or_refuses(
            lambda: capture_payment(payment, amount=amount, at=self.now),
            is_legal=most > 0 and not payment.has_run_out(self.now),
        )
        if is_done:
            self.came[self.name_of(payment)] += amount

    @rule(pick=picks)
    def capture_too_much(self, pick: int) -> None:
        payment = self.payment(pick)
        if payment is not None:
            beyond = capturable_amount(payment) + CENT
            self.refuses(lambda: capture_payment(payment, amount=beyond, at=self.now))

    @rule(pick=picks, quarters=parts, reopens=booleans())
    def refund(self, pick: int, quarters: int, *, reopens: bool) -> None:
        payment = self.payment(pick)
        if payment is None:
            return
        most = payment.refundable_amount
        amount = part_of(most, quarters)
        owed = owed_on_order(payment.order) if payment.order else None
        is_done = self.does_or_refuses(
            lambda: refund_payment(
                payment,
                amount=amount,
                reason="came back",
                reopens_invoice=reopens,
                at=self.now,
            ),
            is_legal=most > 0,
        )
        if is_done:
            self.went_back[self.name_of(payment)] += amount
        if payment.order is not None and not reopens:
            assert owed_on_order(payment.order) == owed, "refunded, and owed again"

    @rule(pick=picks)
    def refund_too_much(self, pick: int) -> None:
        payment = self.payment(pick)
        if payment is not None:
            beyond = payment.refundable_amount + CENT
            self.refuses(lambda: refund_payment(payment, amount=beyond, reason="wrong"))

    @rule(pick=picks)
    def confirm(self, pick: int) -> None:
        payment = self.payment(pick)
        if payment is None or payment.order is None:
            return
        fits = payment.amount <= owed_on_order(payment.order)
        is_done = self.does_or_refuses(
            lambda: confirm_payment(payment, at=self.now),
            is_legal=payment.status == Payment.Status.PENDING and fits,
        )
        if is_done:
            self.came[self.name_of(payment)] += payment.amount

    @rule(pick=picks)
    def authorize_announced(self, pick: int) -> None:
        payment = self.payment(pick)
        if payment is None or payment.order is None:
            return
        fits = payment.amount <= authorizable_amount(payment.order, at=self.now)
        self.does_or_refuses(
            lambda: authorize_payment(payment, at=self.now),
            is_legal=payment.status == Payment.Status.PENDING and fits,
        )

    @rule(pick=picks, end=sampled_from(("cancel", "fail", "void")))
    def end(self, pick: int, end: str) -> None:
        payment = self.payment(pick)
        if payment is None:
            return
        ends: dict[str, Callable[[], Any]] = {
            "cancel": lambda: cancel_payment(payment, reason="pays later"),
            "fail": lambda: fail_payment(payment, message="declined"),
            "void": lambda: void_payment(payment, reason="pays cash"),
        }
        asks_for = (
            Payment.Status.AUTHORIZED if end == "void" else Payment.Status.PENDING
        )
        self.does_or_refuses(ends[end], is_legal=payment.status == asks_for)

    @rule(days=integers(1, 4), sweeps=booleans())
    def wait(self, days: int, *, sweeps: bool) -> None:
        self.now += timedelta(days=days)
        if not sweeps:
            return
        over = Payment.objects.ran_out(self.now).count()
        assert expire_authorizations(at=self.now) == over
        assert expire_authorizations(at=self.now) == 0

    @rule(name=orders)
    def invoice(self, name: str) -> None:
        order = self.order(name)
        is_open = order.status != Order.Status.CANCELLED
        self.does_or_refuses(
            lambda: invoice_order(order, at=self.now),
            is_legal=is_open and bool(order_lines_left(order)),
        )

    @rule(pick=picks, quarters=parts)
    def pay_invoice(self, pick: int, quarters: int) -> None:
        invoice = self.receivable(pick)
        if invoice is None or invoice.order is None:
            return
        owed = min(owed_on_invoice(invoice), owed_on_order(invoice.order))
        amount = part_of(owed, quarters)
        is_done = self.does_or_refuses(
            lambda: record_payment(
                invoice=invoice, amount=amount, method="cash", at=self.now
            ),
            is_legal=owed > 0,
        )
        if is_done:
            self.came[self.name_of(invoice)] += amount

    @rule(pick=picks, quarters=parts)
    def credit(self, pick: int, quarters: int) -> None:
        invoice = self.receivable(pick)
        if invoice is None:
            return
        left = invoice.total - invoice.amount_credited
        self.does_or_refuses(
            lambda: credit_invoice(
                invoice,
                amount=part_of(left, quarters),
                reason="scratched",
                at=self.now,
            ),
            is_legal=left > 0 and invoice.status != Invoice.Status.VOID,
        )

    @rule(pick=picks)
    def take_invoice_back(self, pick: int) -> None:
        invoice = self.receivable(pick)
        if invoice is None:
            return
        untouched = not (invoice.amount_paid or invoice.amount_credited)
        self.does_or_refuses(
            lambda: void_invoice(invoice, reason="wrong address", at=self.now),
            is_legal=untouched and invoice.status == Invoice.Status.OPEN,
        )

    @rule(cents=integers(0, 999))
    def change_freight(self, cents: int) -> None:
        order = self.order("pending")
        self.does_or_refuses(
            lambda: recalculate_order(order, shipping_total=cents * CENT),
            is_legal=can_edit_lines(order),
        )

    @rule()
    def confirm_the_order(self) -> None:
        order = self.order("pending")
        self.does_or_refuses(
            lambda: confirm_order(order, at=self.now),
            is_legal=order.status == Order.Status.PENDING,
        )

    @rule(name=orders)
    def cancel_the_order(self, name: str) -> None:
        order = self.order(name)
        self.does_or_refuses(
            lambda: cancel_order(order, reason="changed their mind", at=self.now),
            is_legal=order.status != Order.Status.CANCELLED,
        )

    def order(self, name: str) -> Order:
        return Order.objects.get(pk=self.keys[name])

    def payment(self, pick: int) -> Payment | None:
        """Return one of the charges and refunds there are."""
        rows = list(Payment.objects.order_by("payment_number"))
        return rows[pick % len(rows)] if rows else None

    def receivable(self, pick: int) -> Invoice | None:
        rows = list(Invoice.objects.receivable().order_by("invoice_number"))
        return rows[pick % len(rows)] if rows else None

    def name_of(self, row: Payment | Invoice) -> str:
        return next(name for name, key in self.keys.items() if key == row.order_id)


@pytest.mark.long
@pytest.mark.django_db
def test_any_sequence_of_calls_keeps_the_books_of_money() -> None:
    any_sequence(Money)
