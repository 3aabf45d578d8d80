from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from inventory.models import StockLevel, StockReservation
from inventory.services.stock import reserve_stock
from stateset.lib.expiry import all_expiries
from stateset.system.tasks import expire_what_ran_out
from tests.inventory.builders import make_demand, make_level, make_reference
from tests.orders.builders import make_cart, make_confirmed_order

pytestmark = pytest.mark.django_db


def make_what_ran_out() -> StockLevel:
    """Make an unpaid order, a cart and stock set aside, all past their time."""
    past = timezone.now() - timedelta(days=1)
    make_confirmed_order(pay_by=past)
    make_cart(at=past - timedelta(days=365))
    level = make_level(on_hand=5)
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, 2)],
        reference=make_reference("hold"),
        expires_at=past,
    )
    return level


def test_what_ran_out_is_ended_by_the_rules_of_every_app() -> None:
    make_what_ran_out()
    output = StringIO()

    call_command("expire_records", stdout=output)

    assert "1 reservations expired" in output.getvalue()
    assert "1 carts closed" in output.getvalue()
    assert "1 unpaid orders cancelled" in output.getvalue()
    assert not StockReservation.objects.active().exists()
    call_command("check_integrity", stdout=StringIO())


def test_the_task_says_what_it_ended_and_does_it_once() -> None:
    make_what_ran_out()

    assert "1 carts closed" in expire_what_ran_out()
    assert "0 carts closed" in expire_what_ran_out()


def test_one_rule_is_run_alone() -> None:
    level = make_what_ran_out()

    call_command("expire_records", "stock.reservations", stdout=StringIO())

    level.refresh_from_db()
    assert level.reserved == 0
    assert StockReservation.objects.active().count() == 1


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CommandError, match="there is no rule nonsense") as caught:
        call_command("expire_records", "nonsense")
    assert caught.value.returncode == 2


def test_rules_are_told_apart_by_name() -> None:
    names = [rule.name for rule in all_expiries()]
    assert len(set(names)) == len(names)
