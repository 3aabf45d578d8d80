"""Locations open, close, and one of them is where orders ship from."""

from __future__ import annotations

import pytest

from inventory.errors import LocationInUseError, LocationNotUsableError
from inventory.models import Location
from inventory.services.stock import (
    close_location,
    make_default_location,
    open_location,
)
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.inventory.builders import make_level, make_location

pytestmark = pytest.mark.django_db


def test_an_empty_location_closes_and_opens_again() -> None:
    location = make_level().location

    close_location(location)
    assert Location.objects.filter(is_active=False).get() == location
    open_location(location)

    assert Location.objects.filter(is_active=True).get() == location
    assert list(
        Event.objects.filter(aggregate_id=location.pk)
        .order_by("id")
        .values_list("event_type", flat=True)
    ) == ["location.closed", "location.opened"]


def test_a_location_that_holds_stock_stays_open() -> None:
    level = make_level(on_hand=2)

    with pytest.raises(LocationInUseError) as refusal:
        close_location(level.location)

    assert str(refusal.value) == (
        f"Location {level.location.code} was not closed.\n"
        "  why: it holds 2 units\n"
        "  fix: transfer its stock to another location, or scrap it"
    )
    assert Location.objects.get().is_active


def test_the_default_location_stays_open() -> None:
    location = make_location(is_default=True)

    with pytest.raises(LocationInUseError) as refusal:
        close_location(location)

    assert str(refusal.value) == (
        f"Location {location.code} was not closed.\n"
        "  why: orders ship from it unless they say otherwise\n"
        "  fix: make another location the default first"
    )


def test_there_is_one_default_location() -> None:
    first, second = make_location(is_default=True), make_location()

    make_default_location(second)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)


def test_quarantine_is_no_default() -> None:
    location = make_location(kind=Location.Kind.QUARANTINE)

    with pytest.raises(LocationNotUsableError):
        make_default_location(location)


def test_a_closed_location_is_no_default() -> None:
    first = make_location(is_default=True)
    location = make_location(is_active=False)

    with pytest.raises(LocationNotUsableError) as refusal:
        make_default_location(location)

    assert str(refusal.value) == (
        f"Location {location.code} was not made the default.\n"
        "  why: it is closed\n"
        "  fix: open it first"
    )
    assert Location.objects.get(is_default=True) == first


def test_a_location_somebody_else_changed_is_not_closed() -> None:
    location = make_location()
    open_location(Location.objects.get(pk=location.pk))

    with pytest.raises(ChangedMeanwhileError):
        close_location(location)
