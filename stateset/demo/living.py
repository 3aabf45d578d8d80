"""Live half a year of the demo company, service by service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from stateset.demo.counter import bring_over, count_shelf, sell, tidy_up
from stateset.demo.founding import found_company
from stateset.demo.selling import place
from stateset.demo.supplying import draw_up_bills, make_more, reorder
from stateset.demo.world import World
from stateset.lib.progress import progress

HISTORY = timedelta(days=180)
ORDERS_PER_CUSTOMER = 4
FEWEST_CUSTOMERS = 20


def live_half_a_year(*, orders: int, seed: int, now: datetime) -> None:
    """Live through the half year before ``now``, with so many orders."""
    world = World(random=Random(seed), start=now - HISTORY, now=now)  # noqa: S311 - nothing is kept secret with it
    with progress("Demo data", orders) as advance:
        found_company(
            world, customers=max(FEWEST_CUSTOMERS, orders // ORDERS_PER_CUSTOMER)
        )
        draw_up_bills(world, world.start)
        for at in order_times(world, orders):
            world.plan(at, _counted(advance))
        world.plan(world.start + timedelta(hours=8), reorder, role="buyer")
        world.plan(world.start + timedelta(hours=9), make_more, role="roaster")
        world.plan(world.start + timedelta(days=1), bring_over, role="warehouse")
        world.plan(world.start + timedelta(days=2), sell)
        world.plan(world.start + timedelta(days=20), count_shelf, role="warehouse")
        world.live()
        tidy_up(world)


def order_times(world: World, count: int) -> list[datetime]:
    """Return when orders come: more each month, by day, fewer on weekends."""
    days = [world.start + timedelta(days=number) for number in range(HISTORY.days + 1)]
    weights = [
        (1 + number / HISTORY.days) * (0.6 if day.weekday() >= 5 else 1.0)
        for number, day in enumerate(days)
    ]
    found = []
    for day in world.random.choices(days, weights, k=count):
        midnight = day.replace(hour=0, minute=0)
        at = midnight + world.hours(7, 22)
        if at > world.now:
            # What today has not brought yet came this morning, or last night.
            at = world.now - world.hours(0.2, 8)
        found.append(max(at, world.start + timedelta(hours=1)))
    return sorted(found)


def _counted(advance: Callable[[], None]) -> Callable[[World, datetime], None]:
    def step(world: World, at: datetime) -> None:
        place(world, at)
        advance()

    return step
