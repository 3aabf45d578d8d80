"""Fill an empty database with the demo company's last half year."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone

from finance.models import CashSale
from inventory.models import Product, StockTransaction
from orders.models import Customer, Order
from stateset.demo.branches.flow import open_branches
from stateset.demo.branches.writing import writer_of
from stateset.demo.errors import DemoRefusedError
from stateset.demo.living import HISTORY, live_half_a_year
from stateset.lib.journal import acting
from stateset.lib.maintenance import require_no_maintenance

REAL_ROWS = (Customer, Order, Product, StockTransaction)
BRANCH_ORDERS = 1000
"""As many orders as are lived through; a company with more has branches."""


@dataclass(frozen=True)
class SeedOutcome:
    """How much demo data there is, and what it took to make."""

    orders: int
    cash_sales: int
    customers: int
    products: int
    days: int
    branches: int
    seconds: float
    database_mb: float
    peak_memory_mb: float


def seed_demo(
    *,
    orders: int,
    seed: int,
    using: str = DEFAULT_DB_ALIAS,
    now: datetime | None = None,
    branch_orders: int = BRANCH_ORDERS,
) -> SeedOutcome:
    """Live through half a year with ``orders`` orders, through the services.

    More than ``branch_orders`` are those of several branches: one is lived, and what
    it left is written once for each. The same ``seed`` and ``now`` give the same
    documents. All or nothing: one transaction. Raises DemoRefusedError for a
    database that is in use.
    """
    begun = monotonic()
    require_no_maintenance("No demo data was made.")
    require_empty(using)
    moment = (now or timezone.now()).replace(second=0, microsecond=0)
    branches = max(1, -(-orders // branch_orders))
    with (
        transaction.atomic(using=using),
        acting(actor_label="seed_demo", reason="demo data"),
    ):
        if branches == 1:
            live_half_a_year(orders=orders, seed=seed, now=moment)
        else:
            open_branches(
                branches=branches,
                orders=-(-orders // branches),
                seed=seed,
                now=moment,
                using=using,
            )
    connection = connections[using]
    writer = writer_of(connection)
    writer.tidy(connection)
    return SeedOutcome(
        orders=Order.objects.using(using).filter(cash_sale=None).count(),
        cash_sales=CashSale.objects.using(using).count(),
        customers=Customer.objects.using(using).count(),
        products=Product.objects.using(using).count(),
        days=HISTORY.days,
        branches=branches,
        seconds=round(monotonic() - begun, 1),
        database_mb=round(writer.size(connection) / 1e6, 1),
        peak_memory_mb=round(_peak_bytes() / 1e6, 1),
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


def _peak_bytes() -> int:
    """Return the most memory this process has had (getrusage(2): KiB on Linux)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
