from __future__ import annotations

from datetime import date

import pytest

from orders.services import OrderLine
from returns.errors import ClaimRefusedError, WarrantyRefusedError
from returns.models import Warranty, WarrantyClaim
from returns.services import (
    decide_claim,
    expire_warranties,
    register_warranties,
    resolve_claim,
    submit_claim,
    void_warranty,
    withdraw_claim,
)
from returns.services.warranties import add_months
from tests.returns.builders import make_delivered_order, make_returnable_variant

pytestmark = pytest.mark.django_db

IN_COVER = date(2027, 1, 15)


def make_warranty() -> Warranty:
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    return Warranty.objects.get(order_item__order=order)


def make_claim() -> WarrantyClaim:
    return submit_claim(make_warranty(), failed_on=IN_COVER, description="dead")


def test_delivery_begins_the_warranty_once():
    warranty = make_warranty()

    assert (warranty.starts_on, warranty.ends_on) == (
        date(2026, 11, 20),
        date(2027, 2, 20),
    )
    assert register_warranties(warranty.order_item.order) == []


def test_what_has_no_warranty_begins_none():
    make_delivered_order()

    assert not Warranty.objects.exists()


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 24, date(2028, 12, 1)),
    ],
)
def test_months_are_calendar_months(start, months, end):
    assert add_months(start, months) == end


def test_a_claim_goes_from_fault_to_repair():
    claim = decide_claim(make_claim(), approve=True)
    resolve_claim(claim, resolution_type="repair", resolution="new board")

    claim.refresh_from_db()
    assert claim.status == WarrantyClaim.Status.RESOLVED
    assert claim.resolved_at is not None


@pytest.mark.parametrize("day", [date(2026, 11, 19), date(2027, 2, 21)])
def test_a_fault_outside_the_days_of_the_warranty_is_refused(day):
    warranty = make_warranty()

    with pytest.raises(WarrantyRefusedError) as refusal:
        submit_claim(warranty, failed_on=day, description="dead")

    assert refusal.value.why == (
        f"warranty {warranty} covers 2026-11-20 to 2027-02-20, "
        f"and the unit failed on {day}"
    )
    assert not WarrantyClaim.objects.exists()


def test_one_claim_is_open_at_a_time():
    claim = make_claim()

    with pytest.raises(WarrantyRefusedError, match="open claim already"):
        submit_claim(claim.warranty, failed_on=IN_COVER, description="again")
    withdraw_claim(claim, reason="works again")
    submit_claim(claim.warranty, failed_on=IN_COVER, description="again")


def test_a_void_warranty_covers_nothing():
    warranty = void_warranty(make_warranty(), reason="opened by force")

    with pytest.raises(WarrantyRefusedError, match="is void"):
        submit_claim(warranty, failed_on=IN_COVER, description="dead")


def test_a_rejection_and_a_resolution_need_their_words():
    claim = make_claim()

    with pytest.raises(ClaimRefusedError, match="no reason was given"):
        decide_claim(claim, approve=False)
    decide_claim(claim, approve=True)
    with pytest.raises(ClaimRefusedError, match="choose repair, replace or refund"):
        resolve_claim(claim, resolution_type="", resolution="")


def test_warranties_expire_the_day_after_their_last():
    warranty = make_warranty()

    assert expire_warranties(on=warranty.ends_on) == 0
    assert expire_warranties(on=date(2027, 2, 21)) == 1
    assert expire_warranties(on=date(2027, 2, 21)) == 0
    warranty.refresh_from_db()
    assert warranty.status == Warranty.Status.EXPIRED
