"""Units set aside by hand, for somebody who has no order yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from inventory.errors import (
    InsufficientStockError,
    InvalidDateError,
    LocationNotUsableError,
    ReasonMissingError,
)
from inventory.models import Location
from inventory.services.stock import (
    Reference,
    expire_reservations,
    hold_stock,
    release_reservations,
)
from tests.inventory.builders import make_level, make_location, quantities
from tests.inventory.stock.books import violations

pytestmark = pytest.mark.django_db


def test_a_hold_keeps_units_until_it_is_released() -> None:
    level = make_level(on_hand=5)

    hold = hold_stock(level=level, quantity=2, reason="Mr Hill")

    assert quantities(level) == (5, 2, 0)
    assert (hold.reference_type, hold.expires_at) == ("hold", None)
    assert expire_reservations(at=timezone.now()) == 0
    reference = Reference(hold.reference_type, hold.reference_id)
    assert release_reservations(reference=reference, reason="came and went") == 2
    assert quantities(level) == (5, 0, 0)
    assert violations() == []


def test_a_hold_ends_by_itself() -> None:
    level = make_level(on_hand=5)
    until = timezone.now() + timedelta(hours=1)

    hold_stock(level=level, quantity=2, reason="Mr Hill", until=until)

    assert expire_reservations(at=until) == 0
    assert expire_reservations(at=until + timedelta(seconds=1)) == 1
    assert quantities(level) == (5, 0, 0)
    assert violations() == []


def test_one_level_may_be_held_for_several_people() -> None:
    level = make_level(on_hand=5)

    for name in ("Mr Hill", "Ms Dale"):
        hold_stock(level=level, quantity=2, reason=name)

    assert quantities(level) == (5, 4, 0)
    with pytest.raises(InsufficientStockError):
        hold_stock(level=level, quantity=2, reason="Mr Brook")


def test_a_hold_does_not_end_before_it_begins() -> None:
    level = make_level(on_hand=5)
    until = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(InvalidDateError) as refusal:
        hold_stock(level=level, quantity=2, reason="Mr Hill", until=until)

    assert str(refusal.value) == (
        "The stock was not set aside.\n"
        "  why: 2026-01-01 00:00 is past\n"
        "  fix: choose a later time, or none"
    )
    assert quantities(level) == (5, 0, 0)


def test_a_hold_needs_a_reason() -> None:
    level = make_level(on_hand=5)

    with pytest.raises(ReasonMissingError):
        hold_stock(level=level, quantity=2, reason=" ")

    assert quantities(level) == (5, 0, 0)


def test_quarantine_is_not_held() -> None:
    level = make_level(location=make_location(kind=Location.Kind.QUARANTINE), on_hand=5)

    with pytest.raises(LocationNotUsableError):
        hold_stock(level=level, quantity=2, reason="Mr Hill")

    assert quantities(level) == (5, 0, 0)
