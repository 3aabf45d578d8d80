from __future__ import annotations

from decimal import Decimal

import pytest

from orders.models import OrderItem
from orders.services.derived import derive_fulfillment_status, derive_payment_status


@pytest.mark.parametrize(
    ("total", "paid", "refunded", "expected"),
    [
        ("100", "0", "0", "pending"),
        ("100", "40", "0", "partially_paid"),
        ("100", "100", "0", "paid"),
        ("100", "120", "0", "paid"),
        ("0", "0", "0", "paid"),
        ("100", "100", "30", "partially_refunded"),
        ("100", "100", "100", "refunded"),
        ("100", "40", "40", "refunded"),
    ],
)
def test_payment_status_follows_the_money(total, paid, refunded, expected) -> None:
    status = derive_payment_status(
        total=Decimal(total), paid=Decimal(paid), refunded=Decimal(refunded)
    )
    assert status == expected


@pytest.mark.parametrize(
    ("paid", "refunded", "authorized", "failure", "expected"),
    [
        ("0", "0", "100", "", "authorized"),
        ("0", "0", "100", "failed", "authorized"),
        ("0", "0", "99.99", "", "pending"),
        ("0", "0", "99.99", "failed", "failed"),
        ("0", "0", "0", "failed", "failed"),
        ("0", "0", "0", "voided", "voided"),
        ("1", "0", "99", "failed", "partially_paid"),
        ("100", "0", "100", "voided", "paid"),
        ("40", "40", "100", "failed", "refunded"),
    ],
)
def test_authorised_and_failed_show_before_money_does(
    paid, refunded, authorized, failure, expected
) -> None:
    status = derive_payment_status(
        total=Decimal(100),
        paid=Decimal(paid),
        refunded=Decimal(refunded),
        authorized=Decimal(authorized),
        failure=failure,
    )
    assert status == expected


def test_an_order_over_nothing_is_paid_whatever_failed() -> None:
    nothing = Decimal(0)
    status = derive_payment_status(
        total=nothing, paid=nothing, refunded=nothing, failure="failed"
    )
    assert status == "paid"


def line(*, ordered: int, shipped: int = 0, returned: int = 0, cancelled: int = 0):
    return OrderItem(
        quantity=ordered,
        quantity_fulfilled=shipped,
        quantity_returned=returned,
        quantity_cancelled=cancelled,
    )


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([line(ordered=2)], "unfulfilled"),
        ([line(ordered=2, cancelled=2)], "unfulfilled"),
        ([line(ordered=2, shipped=1)], "partially_fulfilled"),
        ([line(ordered=2, shipped=2), line(ordered=1)], "partially_fulfilled"),
        ([line(ordered=2, shipped=1, returned=1)], "partially_fulfilled"),
        ([line(ordered=2, shipped=2)], "fulfilled"),
        ([line(ordered=2, shipped=1, cancelled=1)], "fulfilled"),
        ([line(ordered=2, shipped=2, returned=1)], "partially_returned"),
        ([line(ordered=2, shipped=2, returned=2)], "returned"),
    ],
)
def test_fulfilment_status_follows_the_units(items, expected) -> None:
    assert derive_fulfillment_status(items) == expected
