"""The demo company while its months are lived through: an agenda of what comes next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from inventory.models import Location, ProductVariant, Supplier
from orders.models import Customer
from stateset.accounts.models import User
from stateset.demo.goods import Goods
from stateset.lib.journal import acting

Step = Callable[[datetime], None]


@dataclass
class World:
    """Everything the steps of the simulation need to find one another."""

    random: Random
    start: datetime
    now: datetime
    staff: dict[str, User] = field(default_factory=dict)
    suppliers: dict[str, Supplier] = field(default_factory=dict)
    variants: dict[str, ProductVariant] = field(default_factory=dict)
    goods: dict[str, Goods] = field(default_factory=dict)
    customers: list[Customer] = field(default_factory=list)
    warehouse: Location = field(default_factory=Location)
    store: Location = field(default_factory=Location)
    quarantine: Location = field(default_factory=Location)
    agenda: list[tuple[datetime, int, str, Step]] = field(default_factory=list)
    ticket: count[int] = field(default_factory=count)

    def plan(
        self,
        at: datetime,
        step: Callable[..., Any],
        *arguments: Any,
        role: str = "support",
    ) -> None:
        """Have ``step(world, at, *arguments)`` done at ``at`` by somebody of ``role``.

        What would lie after now is left undone: it is the work still waiting.
        """
        if at <= self.now:
            todo: Step = partial(_run, self, step, arguments)
            heapq.heappush(self.agenda, (at, next(self.ticket), role, todo))

    def live(self) -> None:
        """Do what is on the agenda, in order, until nothing is left."""
        while self.agenda:
            at, _, role, step = heapq.heappop(self.agenda)
            actor = self.staff[role]
            with acting(actor_id=str(actor.pk), actor_label=actor.email):
                step(at)

    def chance(self, percent: float) -> bool:
        """Return yes in ``percent`` of a hundred cases."""
        return self.random.random() * 100 < percent

    def hours(self, low: float, high: float) -> timedelta:
        """Return a span between ``low`` and ``high`` hours, to the minute."""
        return timedelta(minutes=round(self.random.uniform(low, high) * 60))

    def days(self, low: float, high: float) -> timedelta:
        """Return a span between ``low`` and ``high`` days, to the minute."""
        return self.hours(low * 24, high * 24)


def _run(
    world: World, step: Callable[..., Any], arguments: tuple[Any, ...], at: datetime
) -> None:
    step(world, at, *arguments)
