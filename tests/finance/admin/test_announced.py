"""Money that was announced and is not waited for any more."""

from __future__ import annotations

import pytest

from finance.models import Payment
from tests.finance.builders import make_debt, make_payment, totals_of
from tests.pages import act, staff, told

pytestmark = pytest.mark.django_db


def test_an_announced_payment_is_cancelled_from_its_page() -> None:
    order = make_debt()
    payment = make_payment(order=order, has_arrived=False)

    response = act(staff(), payment, "cancel", reason="pays by card instead")

    assert told(response) == [f"Payment {payment} is cancelled."]
    payment.refresh_from_db()
    assert (payment.status, payment.reason) == (
        Payment.Status.CANCELLED,
        "pays by card instead",
    )
    assert totals_of(order)[1] == 0
