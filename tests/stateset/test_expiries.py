"""What ends by the clock: each entry of the schedule runs, twice without harm."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from dbops.models import RunState, ScheduledRun
from dbops.tasks import run_asked, run_scheduled
from inventory.models import StockReservation
from orders.models import Cart
from orders.services import OrderLine
from returns.models import Warranty
from stateset.celery import app
from stateset.schedule import EXPIRIES
from stateset.system.models import AuditEntry
from tests.inventory.stock.books import violations
from tests.orders.builders import make_cart, make_confirmed_order
from tests.returns.builders import make_delivered_order, make_returnable_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def our_tasks() -> None:
    """Have the tasks of every app at hand, as a worker does."""
    app.set_current()
    app.loader.import_default_modules()


def run_of(name: str) -> ScheduledRun:
    """Have the schedule fire an entry, and return what it left."""
    run_scheduled.run(name)
    return ScheduledRun.objects.get(name=name, asked_by="")


@pytest.mark.parametrize("entry", EXPIRIES, ids=lambda entry: str(entry[0]))
def test_every_expiry_is_fired_by_the_schedule_and_bears_being_run_again(
    entry: tuple[str, str, str, str],
) -> None:
    name, _, task, _ = entry
    assert run_of(name).state == RunState.DONE
    again = timezone.now().isoformat()
    run_asked.run(name, task, {}, "ann@example.com", again)
    by_hand = ScheduledRun.objects.get(name=name, asked_by="ann@example.com")
    assert (by_hand.state, by_hand.result[:2]) == (RunState.DONE, "0 ")


def test_reservations_whose_time_is_over_give_their_stock_back() -> None:
    past = timezone.now() - timedelta(minutes=1)
    make_confirmed_order()
    kept = make_confirmed_order()
    overdue = StockReservation.objects.exclude(reference_id=kept.pk).get()
    StockReservation.objects.filter(pk=overdue.pk).update(expires_at=past)

    assert run_of("expire-reservations").result == "1 reservations expired"

    overdue.refresh_from_db()
    overdue.level.refresh_from_db()
    assert (overdue.status, overdue.level.reserved) == ("expired", 0)
    assert StockReservation.objects.active().count() == 1
    assert violations() == []
    entry = AuditEntry.objects.filter(resource_type="inventory_reservations").latest(
        "id"
    )
    assert (entry.actor_label, entry.reason) == ("task expire-reservations", "expired")


def test_carts_whose_time_is_over_are_closed() -> None:
    overdue, open_cart = make_cart(), make_cart()
    for cart, hours in ((overdue, -1), (open_cart, 1)):
        Cart.objects.filter(pk=cart.pk).update(
            expires_at=timezone.now() + timedelta(hours=hours)
        )

    assert run_of("expire-carts").result == "1 carts expired"

    overdue.refresh_from_db()
    open_cart.refresh_from_db()
    assert (overdue.status, open_cart.status) == ("expired", "active")


def test_warranties_whose_time_is_over_end() -> None:
    variant = make_returnable_variant(warranty_months=3)
    make_delivered_order(lines=[OrderLine(variant, 1)])
    Warranty.objects.update(starts_on=date(2020, 1, 1), ends_on=date(2020, 4, 1))

    assert run_of("expire-warranties").result == "1 warranties expired"

    assert Warranty.objects.get().status == "expired"
