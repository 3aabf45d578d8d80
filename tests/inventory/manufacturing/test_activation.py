"""Activating bills: one in force a variant, and never a ring."""

from __future__ import annotations

from itertools import pairwise

import pytest

from inventory.errors import (
    BomCycleError,
    BomTooDeepError,
    LinesMissingError,
)
from inventory.models import BillOfMaterials
from inventory.services.manufacturing import activate_bom, create_bom, obsolete_bom
from inventory.services.manufacturing.activation import DEEPEST
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.inventory.builders import make_variant
from tests.inventory.manufacturing.builders import make_active_bom, make_bom

pytestmark = pytest.mark.django_db


def test_a_new_revision_makes_the_former_one_obsolete() -> None:
    table, leg = make_variant(), make_variant()
    former = make_active_bom(table, leg)

    newer = make_active_bom(table, leg)

    former.refresh_from_db()
    assert (former.status, newer.status) == ("obsolete", "active")
    assert former.obsoleted_at is not None
    assert newer.activated_at is not None
    event = Event.objects.get(event_type="bom.activated", aggregate_id=newer.pk)
    assert event.payload["replaces"] == former.bom_number


def test_a_bill_without_lines_is_not_activated() -> None:
    bom = create_bom(variant=make_variant(), lines=[])

    with pytest.raises(LinesMissingError) as refused:
        activate_bom(bom)

    assert refused.value.fix == "add at least one component"
    bom.refresh_from_db()
    assert bom.status == "draft"


def test_a_ring_of_bills_is_refused_with_its_way_round() -> None:
    table, frame, beam = (make_variant(sku=sku) for sku in ("TABLE", "FRAME", "BEAM"))
    make_active_bom(table, make_variant(), frame)
    make_active_bom(frame, beam)
    closing = make_bom(beam, make_variant(), table)

    with pytest.raises(BomCycleError) as refused:
        activate_bom(closing)

    assert str(refused.value) == (
        f"Bill {closing} was not activated.\n"
        "  why: BEAM would be made from itself: BEAM → TABLE → FRAME → BEAM\n"
        "  fix: take the component off, or change the bill that closes the ring"
    )
    closing.refresh_from_db()
    assert closing.status == "draft"


def test_a_line_added_past_the_service_can_not_close_a_ring() -> None:
    bom = make_bom()
    bom.lines.update(component=bom.variant)

    with pytest.raises(BomCycleError):
        activate_bom(bom)


def test_a_component_used_on_two_ways_is_no_ring() -> None:
    table, frame, screw = make_variant(), make_variant(), make_variant()
    make_active_bom(frame, screw)

    assert make_active_bom(table, frame, screw).status == "active"


def test_an_obsolete_bill_closes_no_ring() -> None:
    table, frame = make_variant(), make_variant()
    obsolete_bom(make_active_bom(table, frame))

    assert make_active_bom(frame, table).status == "active"


def test_the_former_revision_of_the_same_variant_closes_no_ring() -> None:
    table, frame = make_variant(), make_variant()
    make_active_bom(table, make_variant())
    make_active_bom(frame, make_variant())

    assert make_active_bom(table, frame).status == "active"
    with pytest.raises(BomCycleError):
        make_active_bom(frame, table)
    assert BillOfMaterials.objects.filter(variant=frame, status="active").exists()


def test_bills_too_deep_are_refused() -> None:
    variants = [make_variant() for _ in range(DEEPEST + 2)]
    for component, variant in pairwise(variants[:-1]):
        make_active_bom(variant, component)

    with pytest.raises(BomTooDeepError) as refused:
        make_active_bom(variants[-1], variants[-2])

    assert refused.value.why == (
        "its components stand on bills more than 20 levels deep"
    )
    assert make_active_bom(None, variants[-3]).status == "active"


def test_a_bill_is_activated_once() -> None:
    bom = make_active_bom()

    with pytest.raises(InvalidTransitionError):
        activate_bom(bom)
