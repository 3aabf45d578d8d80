"""Ask about costs that are far from what the same article cost before."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from inventory.models import ItemReceipt, ProductVariant
from stateset.lib.admin import money_text
from stateset.lib.admin.doubts import times


def cost_doubt(costs: Iterable[tuple[ProductVariant, Decimal]]) -> str:
    """Return what to ask about the costs that goods come in at, "" for nothing."""
    unlikely = [_said(variant, cost) for variant, cost in costs]
    found = [words for words in unlikely if words]
    return " ".join([*found, "Book it so?"]) if found else ""


def _said(variant: ProductVariant, cost: Decimal) -> str:
    before = _last_cost(variant)
    factor = times(cost, before)
    if not factor:
        return ""
    now, then = (money_text(each, variant.currency) for each in (cost, before))
    return f"{now} for one {variant.sku} is {factor:,} times the last cost, {then}."


def _last_cost(variant: ProductVariant) -> Decimal:
    """Return what one unit cost when it last came in, 0 where none ever did."""
    came = ItemReceipt.objects.filter(
        variant=variant,
        status=ItemReceipt.Status.POSTED,
        currency=variant.currency,
        quantity__gt=0,
    )
    costs = came.order_by("-received_at", "-pk").values_list("unit_cost", flat=True)
    return costs.first() or Decimal(0)
