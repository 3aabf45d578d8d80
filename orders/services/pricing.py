"""What a line costs: rounded per line to the currency's minor unit, then summed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TypedDict

from inventory.models import Product, ProductVariant
from orders.errors import LineRefusedError
from orders.models import OrderItem
from stateset.lib.fields import MOST_MONEY, MOST_UNITS, round_money


@dataclass(frozen=True)
class OrderLine:
    """One line as asked for; price and tax rate come from the catalogue if unset.

    ``discount`` is money taken off the whole line. A line given with the number of
    one that is there replaces it when lines are updated.
    """

    variant: ProductVariant
    quantity: int
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)
    tax_rate: Decimal | None = None
    line_number: int | None = None


class OrderTotals(TypedDict):
    """The money columns of an order that its lines decide."""

    subtotal: Decimal
    discount_total: Decimal
    tax_total: Decimal
    shipping_total: Decimal
    total_amount: Decimal


def number_lines(lines: Sequence[OrderLine]) -> list[tuple[int, OrderLine]]:
    """Return the lines by number: their own, or the next after the highest."""
    taken = [line.line_number for line in lines if line.line_number is not None]
    if len(set(taken)) < len(taken):
        raise LineRefusedError(
            "The lines were not taken.",
            why=f"line numbers repeat: {sorted(taken)}",
            fix="give each line a number of its own, or none",
        )
    following = count(max(taken, default=0) + 1)
    return [
        (next(following) if line.line_number is None else line.line_number, line)
        for line in lines
    ]


def require_sellable(lines: Iterable[OrderLine]) -> None:
    """Raise LineRefusedError if a variant is not on sale."""
    for line in lines:
        variant = line.variant
        if variant.is_active and variant.product.status == Product.Status.ACTIVE:
            continue
        raise LineRefusedError(
            f"{variant.sku} can't be ordered.",
            why="it is not on sale",
            fix="take it off the order, or activate the variant and its product",
        )


def price_lines(lines: Sequence[OrderLine], *, currency: str) -> Iterator[OrderItem]:
    """Yield numbered, unsaved items with their money; raise LineRefusedError."""
    for number, line in number_lines(lines):
        _require_possible(line, currency)
        variant = line.variant
        item = OrderItem(
            line_number=number,
            variant=variant,
            sku=variant.sku,
            name=variant.name,
            quantity=line.quantity,
            unit_price=variant.price if line.unit_price is None else line.unit_price,
            discount=round_money(line.discount, currency),
            tax_rate=(
                variant.product.tax_rate if line.tax_rate is None else line.tax_rate
            ),
        )
        yield price_item(item, currency=currency)


def price_item(item: OrderItem, *, currency: str) -> OrderItem:
    """Fill ``total_price`` and ``tax_amount``; the discount must fit the line."""
    gross = round_money(item.unit_price * item.live_quantity, currency)
    item.total_price = gross - item.discount
    if item.total_price < 0:
        raise LineRefusedError(
            f"The discount on {item.sku} was not taken.",
            why=f"{item.discount:.2f} is more than the {gross:.2f} the line costs",
            fix=f"give a discount of at most {gross:.2f}",
        )
    item.tax_amount = round_money(item.total_price * item.tax_rate, currency)
    return item


def sum_totals(items: Iterable[OrderItem], *, shipping_total: Decimal) -> OrderTotals:
    """Return the totals of an order with these priced lines.

    Raises LineRefusedError if they are more than an order may cost.
    """
    lines = list(items)
    after_discount = sum((line.total_price for line in lines), Decimal(0))
    discount_total = sum((line.discount for line in lines), Decimal(0))
    tax_total = sum((line.tax_amount for line in lines), Decimal(0))
    subtotal = after_discount + discount_total
    total_amount = after_discount + tax_total + shipping_total
    if max(subtotal, total_amount) >= MOST_MONEY:
        raise LineRefusedError(
            "The order was not taken.",
            why=f"it would cost {max(subtotal, total_amount):,.2f}",
            fix=f"split it; an order may cost less than {MOST_MONEY:,}",
        )
    return OrderTotals(
        subtotal=subtotal,
        discount_total=discount_total,
        tax_total=tax_total,
        shipping_total=shipping_total,
        total_amount=total_amount,
    )


def _require_possible(line: OrderLine, currency: str) -> None:
    for problem, fix in _problems(line, currency):
        raise LineRefusedError(
            f"{line.variant.sku} was not ordered.", why=problem, fix=fix
        )


def _problems(line: OrderLine, currency: str) -> Iterator[tuple[str, str]]:
    """Yield why and fix of whatever is wrong with the line, worst first."""
    price = line.variant.price if line.unit_price is None else line.unit_price
    if not 1 <= line.quantity <= MOST_UNITS:
        yield (
            f"the quantity is {line.quantity}",
            f"order 1 to {MOST_UNITS}, or leave the line out",
        )
    if line.variant.currency != currency:
        yield (
            f"it is priced in {line.variant.currency}, the order is in {currency}",
            "order it separately",
        )
    if not (price >= 0 and line.discount >= 0):
        yield (
            f"its price is {price} and its discount {line.discount}",
            "give a price and a discount of 0 or more",
        )
    if price * line.quantity >= MOST_MONEY:
        yield (
            f"the line would cost {price * line.quantity:.2f}",
            f"split the line; one may cost less than {MOST_MONEY}",
        )
    if line.tax_rate is not None and not 0 <= line.tax_rate <= 1:
        yield (
            f"its tax rate is {line.tax_rate}",
            "give the rate as a fraction between 0 and 1 (0.08 is 8 %)",
        )
