"""The shop around the corner: stock brought over, cash sales, counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from finance.services import record_cash_sale, void_cash_sale
from inventory.errors import InsufficientStockError
from inventory.models import StockLevel
from inventory.services.stock import adjust_stock, count_stock, transfer_stock
from orders.services import OrderLine, expire_carts
from returns.services import expire_returns, expire_warranties
from stateset.demo.founding import TAX_RATE, levels_at_home
from stateset.demo.world import World

SHOP_RANGE = ("BE-HOUSE-250", "BE-GUJI-250", "FI-PAPER-2", "MU-TRAV-BLK", "CU-ESP-WHT")
SHOP_STOCK = 8


def bring_over(world: World, at: datetime) -> None:
    """Fill the shop's shelf from the warehouse; again in ten days."""
    home = levels_at_home(world)
    for sku in SHOP_RANGE:
        there = StockLevel.objects.filter(
            location=world.store, variant=world.variants[sku]
        ).first()
        wanted = SHOP_STOCK - (there.available if there else 0)
        if 0 < wanted <= home[sku].available:
            transfer_stock(
                variant=world.variants[sku],
                source=world.warehouse,
                target=world.store,
                quantity=wanted,
                reason="shop shelf",
                at=at,
            )
    world.plan(at + timedelta(days=10), bring_over, role="warehouse")


def sell(world: World, at: datetime) -> None:
    """Sell a thing or two over the counter; the next customer comes in some days."""
    variant = world.variants[world.random.choice(SHOP_RANGE)]
    quantity = world.random.randint(1, 2)
    owed = variant.price * quantity * (1 + TAX_RATE)
    tendered = (owed / 10).to_integral_value() * 10 + 10
    try:
        sale = record_cash_sale(
            location=world.store,
            cashier=world.staff["support"],
            lines=[OrderLine(variant, quantity)],
            tendered_amount=Decimal(tendered),
            at=at,
        )
    except InsufficientStockError:
        sale = None
    if sale is not None and world.chance(4):
        void_cash_sale(sale, reason="wrong size", at=at + timedelta(minutes=10))
    world.plan(at + world.days(1, 5), sell)


def count_shelf(world: World, at: datetime) -> None:
    """Count two shelves a month, and write off what broke."""
    levels = list(levels_at_home(world).values())
    for level in world.random.sample(levels, 2):
        found = max(level.on_hand - world.random.choice((0, 0, 1)), 0)
        if found >= level.reserved + level.allocated:
            count_stock(level=level, counted=found, reason="monthly count", at=at)
    glass = levels_at_home(world)["CA-GLASS-600"]
    if glass.available > 0:
        adjust_stock(level=glass, delta=-1, reason="dropped in the aisle", at=at)
    world.plan(at + timedelta(days=30), count_shelf, role="warehouse")


def tidy_up(world: World) -> None:
    """Expire what ran out, as the scheduled jobs would have."""
    expire_carts(at=world.now)
    expire_returns(at=world.now)
    expire_warranties(on=timezone.localdate(world.now))
