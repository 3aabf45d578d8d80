"""Make a bill of materials the one in force, and keep the bills free of cycles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from inventory.errors import BomCycleError, BomTooDeepError, LinesMissingError
from inventory.models import BillOfMaterials, BomLineItem, ProductVariant
from inventory.services.manufacturing.bills import check_bom
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.models import NumberSequence
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row

DEEPEST = 20
"""Levels of bills on bills; more is a mistake in the data."""

ACTIVATIONS = "BOM-ACTIVATION"
"""The counter whose row every activation takes and keeps until it commits."""


def activate_bom(
    bom: BillOfMaterials, *, at: datetime | None = None
) -> BillOfMaterials:
    """Put a draft with lines in force; the former revision becomes obsolete.

    Raises BomCycleError if the variant would be made from itself, directly or
    through other active bills.
    """
    refused = f"Bill {bom} was not activated."
    with business_transaction(reason="bill of materials activated"):
        _one_at_a_time()
        claim_row(bom)
        require_transition(bom, BillOfMaterials.Status.ACTIVE)
        lines = check_bom(bom)
        if not lines:
            raise LinesMissingError(
                refused, why="it has no lines", fix="add at least one component"
            )
        _refuse_cycle(bom, {line.component_id for line in lines}, refused)
        former = bom.variant.boms.filter(status=BillOfMaterials.Status.ACTIVE).first()
        if former is not None:
            obsolete_bom(former, at=at)
        return change_status(
            bom,
            BillOfMaterials.Status.ACTIVE,
            event_type="bom.activated",
            at=at,
            payload={"replaces": former.bom_number if former else None},
            activated_at=at or timezone.now(),
        )


def obsolete_bom(
    bom: BillOfMaterials, *, at: datetime | None = None
) -> BillOfMaterials:
    """Take a bill out of use; work orders that were made from it keep it."""
    with business_transaction(reason="bill of materials made obsolete"):
        return change_status(
            bom,
            BillOfMaterials.Status.OBSOLETE,
            event_type="bom.obsoleted",
            at=at,
            obsoleted_at=at or timezone.now(),
        )


def _one_at_a_time() -> None:
    """Hold every other activation until this transaction ends.

    Two bills that are each free of cycles can make one together, and neither
    sees the other before it is committed.
    """
    NumberSequence.objects.get_or_create(key=ACTIVATIONS)
    NumberSequence.objects.filter(key=ACTIVATIONS).update(
        next_value=F("next_value") + 1
    )


def _refuse_cycle(bom: BillOfMaterials, components: set[UUID], refused: str) -> None:
    """Walk down the active bills, a level at a time, looking for the variant.

    A level keeps what every path of that length reaches, so the longest one
    counts; ``came_from`` remembers one way to each for the message.
    """
    levels: list[dict[UUID, UUID]] = [dict.fromkeys(components, bom.variant_id)]
    while levels[-1]:
        if bom.variant_id in levels[-1]:
            raise BomCycleError(
                refused,
                why=f"{bom.variant.sku} would be made from itself:"
                f" {_path(levels, bom.variant_id)}",
                fix="take the component off, or change the bill that closes the ring",
            )
        if len(levels) > DEEPEST:
            raise BomTooDeepError(
                refused,
                why=f"its components stand on bills more than {DEEPEST} levels deep",
                fix="check the bills of its components; one of them is wrong",
            )
        levels.append(_components_of(levels[-1]))


def _components_of(variants: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return what the active bills of ``variants`` need, and for which of them."""
    return dict(
        BomLineItem.objects.filter(
            bom__variant__in=list(variants),
            bom__status=BillOfMaterials.Status.ACTIVE,
        ).values_list("component_id", "bom__variant_id")
    )


def _path(levels: list[dict[UUID, UUID]], end: UUID) -> str:
    keys = [end]
    for came_from in reversed(levels):
        keys.append(came_from[keys[-1]])
    skus = dict(ProductVariant.objects.filter(pk__in=keys).values_list("pk", "sku"))
    return " → ".join(skus[key] for key in reversed(keys))
