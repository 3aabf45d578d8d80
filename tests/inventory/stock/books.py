"""The proof that stock, ledger and promises agree, for every test of a flow."""

from __future__ import annotations

from inventory.invariants import invariants
from inventory.models import StockLevel, StockTransaction
from tests.proving import broken


def violations() -> list[str]:
    """Return what breaks any rule of the app."""
    return [f"{rule.name}: {violation}" for rule, violation in broken(invariants())]


def ledger(level: StockLevel) -> list[tuple[str, int, int, int]]:
    """Return kind and deltas of each row of a level, oldest first."""
    rows = StockTransaction.objects.filter(level=level).order_by("id")
    return list(
        rows.values_list(
            "transaction_type", "on_hand_delta", "reserved_delta", "allocated_delta"
        )
    )
