"""What must come of calls to the stock services, foreseen in plain Python."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from inventory.services.stock import Reference
from tests.inventory.builders import make_reference


@dataclass
class Promise:
    """What one document was promised, by level."""

    units: dict[int, int]
    expires_at: datetime | None = None
    reference: Reference = field(default_factory=make_reference)


class Foreseen:
    """On hand by level, who was promised units of it, and what time it is."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.on_hand = Counter[int]()
        self.reserved: list[Promise] = []
        self.allocated: list[Promise] = []

    def is_overdue(self, promise: Promise) -> bool:
        return promise.expires_at is not None and promise.expires_at < self.now

    def overdue(self, level: int) -> list[Promise]:
        held = (each for each in self.reserved if level in each.units)
        return [promise for promise in held if self.is_overdue(promise)]

    def available(self, level: int) -> int:
        promised = units_at(level, self.reserved) + units_at(level, self.allocated)
        return self.on_hand[level] - promised

    def free(self, level: int) -> int:
        ran_out = sum(promise.units[level] for promise in self.overdue(level))
        return self.available(level) + ran_out

    def forget_overdue(self, level: int) -> None:
        for promise in self.overdue(level):
            del promise.units[level]

    def numbers(self, level: int) -> tuple[int, int, int, int]:
        """Return on hand, reserved, allocated, and what somebody else would get."""
        return (
            self.on_hand[level],
            units_at(level, self.reserved),
            units_at(level, self.allocated),
            self.free(level),
        )


def units_at(level: int, promises: list[Promise]) -> int:
    """Return the units of a level that are promised."""
    return sum(promise.units.get(level, 0) for promise in promises)
