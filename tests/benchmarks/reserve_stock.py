"""``reserve_stock`` beside the same statements in bare psycopg, as a ratio of one run.

Run it as ``python -m tests.benchmarks.reserve_stock``. 16 processes reserve single
units on 5 rows of a server of their own, the two ways in turn, so that a slow
minute hits both. Then they fight for too few units: what is sold must be exactly
what was there. Exits with 1 if it is not, or if the ratio misses its goal.

psycopg by itself prepares what it has run five times, and so does the product.
``--prepare 0`` measures it behind PgBouncer, where it prepares nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from threading import Barrier
from time import monotonic
from types import ModuleType
from typing import Any

import django
import psycopg
from django.core.management import call_command

from tests.services.postgresql import postgresql_server

DATABASE = "benchmark"
CLIENTS = 16
WAYS = ("ours", "bare")
PLENTY = 10_000_000
FEW = 300
GOAL = 0.5
SERVER = {"synchronous_commit": "on", "shared_buffers": "256MB"}


@dataclass(frozen=True)
class Result:
    """What one client got, and how many a second while the clock ran."""

    sold: int
    refused: int
    rate: float


def main(arguments: list[str]) -> int:
    """Set up, measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prepare", help="APP__DATABASE_PREPARE_THRESHOLD of ours")
    options = parser.parse_args(arguments)
    if options.prepare:
        os.environ["APP__DATABASE_PREPARE_THRESHOLD"] = options.prepare
    processes = get_context("spawn")
    with postgresql_server(SERVER) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        url = f"{server.url.rpartition('/')[0]}/{DATABASE}"
        configure(url)
        call_command("migrate", verbosity=0)
        crowd = ProcessPoolExecutor(
            CLIENTS,
            mp_context=processes,
            initializer=join_crowd,
            initargs=(url, processes.Barrier(CLIENTS)),
        )
        with crowd:
            shop = reserving().open_shop(url, PLENTY)
            reserving().require_same_statements(shop)
            ratio = measure(crowd, shop, options)
            exact = [
                run_out(crowd, reserving().open_shop(url, FEW), way) for way in WAYS
            ]
        faults = reserving().violations()
        say(f"books: {len(faults)} violations {' '.join(map(str, faults[:5]))}")
    return 0 if ratio >= GOAL and all(exact) and not faults else 1


def measure(
    crowd: ProcessPoolExecutor, shop: Any, options: argparse.Namespace
) -> float:
    """Alternate the two ways; the medians make the ratio."""
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, found in rates.items():
            results = let_shop(crowd, shop, way, options.seconds)
            found.append(sum(each.rate for each in results))
    for way, found in rates.items():
        say(f"{way}: {' '.join(f'{rate:.0f}' for rate in found)} reservations a second")
    ours, bare = (statistics.median(found) for found in rates.values())
    say(f"ratio: {ours / bare:.2f} (goal {GOAL})")
    return ours / bare


def run_out(crowd: ProcessPoolExecutor, shop: Any, way: str) -> bool:
    """Have the clients fight for too few units; say whether the sum is right."""
    there = FEW * len(shop.variant_ids)
    results = let_shop(crowd, shop, way, seconds=120, patience=20)
    sold = sum(each.sold for each in results)
    refused = sum(each.refused for each in results)
    say(f"{way}, run out: {sold} of {there} sold, {refused} refused")
    return sold == there and refused > 0


def let_shop(
    crowd: ProcessPoolExecutor,
    shop: Any,
    way: str,
    seconds: float,
    patience: int = sys.maxsize,
) -> list[Result]:
    """Let all clients reserve at once for so long, or until refused so often."""
    clients = [
        crowd.submit(client, shop, way, seconds, patience) for _ in range(CLIENTS)
    ]
    return [each.result() for each in clients]


_all_ready: list[Barrier] = []


def join_crowd(url: str, all_ready: Barrier) -> None:
    """Prepare a process of the crowd, once."""
    configure(url)
    _all_ready.append(all_ready)


def client(shop: Any, way: str, seconds: float, patience: int) -> Result:
    """Reserve single units, of a variant drawn each time."""
    with getattr(reserving(), way)(shop) as attempt:
        warm = sum(attempt(variant_id) for variant_id in shop.variant_ids * 2)
        _all_ready[0].wait(timeout=60)
        begun = monotonic()
        sold = refused = 0
        while refused < patience and monotonic() < begun + seconds:
            if attempt(random.choice(shop.variant_ids)):  # noqa: S311 -- no secret
                sold += 1
            else:
                refused += 1
        return Result(warm + sold, refused, sold / (monotonic() - begun))


def reserving() -> ModuleType:
    """Return the module that needs its models: there is a database now."""
    return import_module("tests.benchmarks._reserving")


def configure(url: str) -> None:
    """Have the project work on the benchmark's database."""
    os.environ["APP__ENVIRONMENT"] = "test"
    os.environ["APP__DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
    django.setup()


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
