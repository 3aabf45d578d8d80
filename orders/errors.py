"""What can be refused about customers, carts and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from stateset.lib.errors import StatesetError


class OrdersError(StatesetError):
    """Something about a customer, a cart or an order was refused."""


class CustomerRefusedError(OrdersError):
    """A customer can't be kept as given: a name is missing, an e-mail is taken."""


class CustomerNotActiveError(OrdersError):
    """The customer is suspended or inactive, and so can't order."""


class ErasureRefusedError(OrdersError):
    """A customer can't be erased: something is unfinished, or nothing is left to do."""


class AddressRefusedError(OrdersError):
    """An address can't be used or kept as given."""


class LocationRefusedError(OrdersError):
    """No location, or one that does not sell, was named to ship from."""


class LineRefusedError(OrdersError):
    """A line can't be ordered as given: its variant, quantity, price or currency."""


class PayByRefusedError(OrdersError):
    """The time an order is to be paid by is over already."""


class OrderNumberTakenError(OrdersError):
    """Another order has this number."""


class OrderKeyReusedError(OrdersError):
    """The key of an order that was placed is used for another one."""


class OrderNotEditableError(OrdersError):
    """Lines are only changed before an order is confirmed."""


class OrderStateError(OrdersError):
    """The order is not where the step asked for begins."""


class UnitsUnderWayError(OrdersError):
    """Units of the order are packed or shipped, so it can't be cancelled."""


class NotClosableError(OrdersError):
    """The rest of an order can't be given up: nothing left yet, or nothing is open."""


class UnitsRefusedError(OrdersError):
    """A line has fewer units in that place than were asked to move on."""


class CartRefusedError(OrdersError):
    """A cart is closed, empty, or can't hold what was asked."""


@dataclass(frozen=True)
class PriceChange:
    """A line of a cart whose price is not what the customer last saw."""

    sku: str
    old_price: Decimal
    new_price: Decimal


class CartPricesChangedError(OrdersError):
    """Prices changed since the customer saw the cart, which now shows the new ones."""

    def __init__(self, what: str, *, changes: Sequence[PriceChange]) -> None:
        told = "; ".join(
            f"{change.sku} was {change.old_price:.2f} and is now {change.new_price:.2f}"
            for change in changes
        )
        super().__init__(
            what, why=told, fix="look at the new prices and check out again"
        )
        self.changes = tuple(changes)
