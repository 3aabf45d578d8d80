"""Ask about costs that are far from what the same article cost before."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, Subquery

from inventory.models import ItemReceipt, ProductVariant
from stateset.lib.admin import money_text
from stateset.lib.admin.doubts import times


def cost_doubt(costs: Iterable[tuple[ProductVariant, Decimal]]) -> str:
    """Return what to ask about the costs that goods come in at, "" for nothing."""
    coming = list(costs)
    before = _last_costs([variant for variant, _ in coming])
    unlikely = [_said(variant, cost, before[variant.pk]) for variant, cost in coming]
    found = [words for words in unlikely if words]
    return " ".join([*found, "Book it so?"]) if found else ""


def _said(variant: ProductVariant, cost: Decimal, before: Decimal) -> str:
    factor = times(cost, before)
    if not factor:
        return ""
    now, then = (money_text(each, variant.currency) for each in (cost, before))
    return f"{now} for one {variant.sku} is {factor:,} times the last cost, {then}."


def _last_costs(variants: list[ProductVariant]) -> dict[UUID, Decimal]:
    """Return what one unit cost when it last came in, 0 where none ever did."""
    came = ItemReceipt.objects.filter(
        variant=OuterRef("pk"),
        status=ItemReceipt.Status.POSTED,
        currency=OuterRef("currency"),
        quantity__gt=0,
    )
    newest = came.order_by("-received_at", "-pk").values("unit_cost")[:1]
    asked = ProductVariant.objects.filter(pk__in=[each.pk for each in variants])
    costs = asked.annotate(last_cost=Subquery(newest)).order_by()
    return {
        key: last_cost or Decimal(0)
        for key, last_cost in costs.values_list("pk", "last_cost")
    }
