"""Bills of materials as drafts, and what a build needs by them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.errors import BomCycleError, InvalidQuantityError, NotStockedError
from inventory.models import BillOfMaterials
from inventory.services.manufacturing import (
    BomLine,
    copy_bom,
    create_bom,
    required_quantity,
)
from tests.inventory.builders import make_variant
from tests.inventory.manufacturing.builders import make_active_bom, make_bom

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("build", "output", "quantity_per", "scrap_rate", "required"),
    [
        (10, 1, "2", "0", 20),
        (10, 1, "0.25", "0", 3),
        (7, 3, "1", "0", 3),
        (100, 1, "1", "0.02", 103),
        (98, 1, "1", "0.02", 100),
        (3, 1, "0.333333", "0", 1),
        (1, 1, "0.000001", "0", 1),
    ],
)
def test_required_material_is_exact_and_rounded_up(
    build, output, quantity_per, scrap_rate, required
) -> None:
    line = BomLine(make_variant(), Decimal(quantity_per), Decimal(scrap_rate))
    bom = make_bom(output_quantity=output, lines=[line])

    assert required_quantity(bom, bom.lines.get(), build) == required


def test_a_new_bill_is_a_numbered_draft_of_the_next_revision() -> None:
    variant = make_variant(name="Table")

    first, second = make_bom(variant), make_bom(variant)

    assert (first.status, first.revision, first.name) == ("draft", "A", "Table")
    assert second.revision == "B"
    assert first.bom_number.startswith("BOM-")
    assert [line.line_number for line in first.lines.all()] == [1]


def test_revisions_go_on_after_z() -> None:
    variant = make_variant()
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        make_bom(variant, revision=letter)

    assert make_bom(variant).revision == "AA"


def test_a_copy_is_a_draft_with_the_same_lines() -> None:
    bom = make_active_bom(
        lines=[BomLine(make_variant(), Decimal("1.5"), Decimal("0.1"), "glued")],
        output_quantity=4,
        name="Table",
    )

    copy = copy_bom(bom)

    line = copy.lines.get()
    assert (copy.status, copy.revision, copy.output_quantity) == ("draft", "B", 4)
    assert copy.bom_number != bom.bom_number
    assert (line.quantity_per, line.scrap_rate, line.notes) == (
        Decimal("1.5"),
        Decimal("0.1"),
        "glued",
    )
    assert line.component == bom.lines.get().component


def test_nothing_is_made_from_itself() -> None:
    variant = make_variant(sku="TABLE")

    with pytest.raises(BomCycleError) as refused:
        make_bom(variant, variant)

    assert str(refused.value) == (
        "The bill of materials for TABLE was not made.\n"
        "  why: TABLE would be made from itself\n"
        "  fix: take that line off"
    )
    assert not BillOfMaterials.objects.exists()


def test_a_service_is_not_made() -> None:
    service = make_variant(sku="ADVICE", is_stocked=False)

    with pytest.raises(NotStockedError) as refused:
        make_bom(service)

    assert refused.value.why == "no stock of ADVICE is kept, so none can be made"


@pytest.mark.parametrize(("per", "scrap"), [("0", "0"), ("-1", "0"), ("1", "1")])
def test_a_line_that_can_not_be_is_refused(per, scrap) -> None:
    line = BomLine(make_variant(sku="LEG"), Decimal(per), Decimal(scrap))

    with pytest.raises(InvalidQuantityError) as refused:
        create_bom(variant=make_variant(), lines=[line])

    assert refused.value.why == f"LEG is wanted {per} times with {scrap} scrap"
