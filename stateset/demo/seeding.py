"""Fill an empty database with the demo company's last half year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils import timezone

from finance.models import CashSale
from inventory.models import Product, StockTransaction
from orders.models import Customer, Order
from stateset.demo.counter import bring_over, count_shelf, sell, tidy_up
from stateset.demo.errors import DemoRefusedError
from stateset.demo.founding import found_company
from stateset.demo.selling import place
from stateset.demo.supplying import draw_up_bills, make_more, reorder
from stateset.demo.world import World
from stateset.lib.journal import acting
from stateset.lib.maintenance import require_no_maintenance
from stateset.lib.progress import progress

HISTORY = timedelta(days=180)
ORDERS_PER_CUSTOMER = 4
FEWEST_CUSTOMERS = 20
REAL_ROWS = (Customer, Order, Product, StockTransaction)


@dataclass(frozen=True)
class SeedOutcome:
    """How much demo data there is."""

    orders: int
    cash_sales: int
    customers: int
    products: int
    days: int


def seed_demo(
    *,
    orders: int,
    seed: int,
    using: str = DEFAULT_DB_ALIAS,
    now: datetime | None = None,
) -> SeedOutcome:
    """Live through half a year with ``orders`` orders, through the services.

    The same ``seed`` and ``now`` give the same documents. All or nothing: one
    transaction. Raises DemoRefusedError for a database that is in use.
    """
    require_no_maintenance("No demo data was made.")
    require_empty(using)
    moment = (now or timezone.now()).replace(second=0, microsecond=0)
    world = World(random=Random(seed), start=moment - HISTORY, now=moment)  # noqa: S311 - nothing is kept secret with it
    with (
        transaction.atomic(using=using),
        acting(actor_label="seed_demo", reason="demo data"),
        progress("Demo data", orders) as advance,
    ):
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
    return SeedOutcome(
        orders=Order.objects.using(using).filter(cash_sale=None).count(),
        cash_sales=CashSale.objects.using(using).count(),
        customers=Customer.objects.using(using).count(),
        products=Product.objects.using(using).count(),
        days=HISTORY.days,
    )


def require_empty(using: str) -> None:
    """Raise DemoRefusedError if any table that people fill has a row."""
    for model in REAL_ROWS:
        if model._default_manager.using(using).exists():
            raise DemoRefusedError(
                "No demo data was made.",
                why=f"the database has {model._meta.verbose_name_plural} already",
                fix="use an empty database: another APP__DATABASE_URL, then migrate",
            )


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
