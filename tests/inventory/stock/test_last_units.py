"""Sixteen processes order the last 500 units: 500 are sold, and the books say so."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from django.db import connection
from django.db.models import Sum

from inventory.models import StockLevel, StockTransaction
from orders.models import Order, OrderItem
from stateset.lib.invariants import all_invariants, violations
from tests.inventory.builders import quantities
from tests.inventory.stock import buyers
from tests.orders.builders import make_customer, make_stocked_variant

BUYERS = 16
UNITS = 500


@pytest.mark.exhaustive
@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_sixteen_processes_buy_the_last_500_units() -> None:
    variant = make_stocked_variant(UNITS)
    customers = [make_customer() for _ in range(BUYERS)]
    processes = get_context("forkserver")
    # Django is read once, and not by each of them.
    processes.set_forkserver_preload([buyers.__name__])
    crowd = ProcessPoolExecutor(
        BUYERS,
        mp_context=processes,
        initializer=buyers.join_crowd,
        initargs=(connection.settings_dict["NAME"], processes.Barrier(BUYERS)),
    )

    with crowd:
        bought = [
            crowd.submit(buyers.buy_all, customer.pk, variant.pk)
            for customer in customers
        ]
        results = [each.result() for each in bought]

    assert sum(sold for sold, _ in results) == UNITS
    assert all(refused for _, refused in results)
    confirmed = Order.objects.filter(status="confirmed")
    items = OrderItem.objects.filter(order__in=confirmed)
    assert items.aggregate(Sum("quantity"))["quantity__sum"] == UNITS
    assert quantities(StockLevel.objects.get()) == (UNITS, UNITS, 0)
    reserved = StockTransaction.objects.filter(transaction_type="reserve")
    assert reserved.count() == confirmed.count()
    assert list(violations(all_invariants())) == []
