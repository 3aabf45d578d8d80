"""What ends by the clock: the schedule fires it, and twice does no harm."""

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
from stateset.lib import expiry
from stateset.lib.expiry import Expiry, all_expiries, expire_records
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


def ended() -> str:
    """Have the schedule fire, and return what it says came of it."""
    run_scheduled.run("expire")
    run = ScheduledRun.objects.get(name="expire", asked_by="")
    assert run.state == RunState.DONE
    return run.result


def test_every_rule_bears_being_run_again() -> None:
    ended()
    again = timezone.now().isoformat()
    run_asked.run("expire", "system.expire_records", {}, "ann@example.com", again)
    by_hand = ScheduledRun.objects.get(name="expire", asked_by="ann@example.com")
    assert by_hand.state == RunState.DONE
    assert by_hand.result == ", ".join(f"0 {rule.ended}" for rule in all_expiries())


def test_reservations_whose_time_is_over_give_their_stock_back() -> None:
    past = timezone.now() - timedelta(minutes=1)
    make_confirmed_order()
    kept = make_confirmed_order()
    overdue = StockReservation.objects.exclude(reference_id=kept.pk).get()
    StockReservation.objects.filter(pk=overdue.pk).update(expires_at=past)

    assert "1 reservations expired" in ended()

    overdue.refresh_from_db()
    overdue.level.refresh_from_db()
    assert (overdue.status, overdue.level.reserved) == ("expired", 0)
    assert StockReservation.objects.active().count() == 1
    assert violations() == []
    entry = AuditEntry.objects.filter(resource_type="inventory_reservations").latest(
        "id"
    )
    assert (entry.actor_label, entry.reason) == ("task expire", "expired")


def test_carts_whose_time_is_over_are_closed() -> None:
    overdue, open_cart = make_cart(), make_cart()
    for cart, hours in ((overdue, -1), (open_cart, 1)):
        Cart.objects.filter(pk=cart.pk).update(
            expires_at=timezone.now() + timedelta(hours=hours)
        )

    assert "1 carts closed" in ended()

    overdue.refresh_from_db()
    open_cart.refresh_from_db()
    assert (overdue.status, open_cart.status) == ("expired", "active")


def test_warranties_whose_time_is_over_end() -> None:
    variant = make_returnable_variant(warranty_months=3)
    make_delivered_order(lines=[OrderLine(variant, 1)])
    Warranty.objects.update(starts_on=date(2020, 1, 1), ends_on=date(2020, 4, 1))

    assert "1 warranties expired" in ended()

    assert Warranty.objects.get().status == "expired"


def test_a_rule_that_fails_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: object) -> int:
        raise ValueError("broken")

    overdue = make_cart()
    Cart.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    rules = (Expiry("first", "failed", fail), *all_expiries())
    monkeypatch.setattr(expiry, "all_expiries", lambda: iter(rules))

    with pytest.raises(ValueError, match="broken") as caught:
        expire_records(at=timezone.now())

    assert caught.value.__notes__ == ["while ending first"]
    overdue.refresh_from_db()
    assert overdue.status == "expired"
