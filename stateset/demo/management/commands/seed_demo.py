"""Fill an empty database with believable, consistent data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from stateset.demo.seeding import seed_demo
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Fill an empty database with half a year of a company's life."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--orders",
            type=int,
            default=1000,
            help="About how many orders (1000); a few customers leave their cart, and"
            " cash sales in the shop come on top. More than 1,000 are those of several"
            " branches, which are much alike: 50,000, or 1,000,000.",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="Another number, another half year (1)."
        )

    def run(self, *, database: str, orders: int, seed: int, **options: Any) -> Report:
        outcome = seed_demo(orders=orders, seed=seed, using=database)
        many = f" in {outcome.branches:,} branches" if outcome.branches > 1 else ""
        return Report(
            summary=(
                f"Made {outcome.orders:,} orders of {outcome.customers:,} customers "
                f"and {outcome.cash_sales:,} cash sales over {outcome.days} days"
                f"{many}: took {outcome.seconds:,.0f} s and "
                f"{outcome.peak_memory_mb:,.0f} MB of memory, "
                f"the database is {outcome.database_mb:,.0f} MB"
            ),
            facts=asdict(outcome),
        )
