"""The nightly proof: its record, its task, its tile, its page."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from dbops.maintenance.purge import purge_records
from dbops.models import RunState, ScheduledRun
from dbops.tasks import run_scheduled
from inventory.models import StockLevel
from orders.models import Order
from stateset.accounts.models import User
from stateset.celery import app
from stateset.lib.journal import acting
from stateset.lib.snapshot import one_moment
from stateset.lib.tiles import Tile
from stateset.system import side_by_side
from stateset.system.models import AuditEntry, IntegrityRun, NumberSequence
from stateset.system.services import proving
from stateset.system.services.proving import BooksBrokenError, prove_books
from stateset.system.tasks import check_integrity
from stateset.system.tiles import proof_tile, tiles
from tests.inventory.builders import make_level
from tests.orders.builders import make_order
from tests.pages import change_url, list_url, staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def break_a_level() -> StockLevel:
    level = make_level(on_hand=5)
    StockLevel.objects.filter(pk=level.pk).update(on_hand=7)
    return level


def test_sound_books_are_kept_as_a_run() -> None:
    with acting(actor_label="task integrity"):
        told = check_integrity.run()
    run = IntegrityRun.objects.get()
    assert told == f"All {run.rules} rules hold"
    assert run.rules > 40
    assert (run.asked_by, run.broken_rows, run.findings) == ("task integrity", 0, [])


def test_broken_books_fail_the_task_and_are_kept() -> None:
    level = break_a_level()

    with pytest.raises(BooksBrokenError) as refused:
        check_integrity.run()

    assert str(refused.value) == (
        "2 rows break 2 rules.\n"
        f"  why: stock.ledger_sums: {level}: on_hand 7, expected 5\n"
        "  fix: see all of them under System > Integrity runs"
    )
    run = IntegrityRun.objects.get()
    assert (run.broken_rules, run.broken_rows) == (2, 2)
    assert run.findings[0] == {
        "check": "stock.ledger_sums",
        "subject": str(level),
        "found": "on_hand 7, expected 5",
    }


def test_all_rows_are_counted_and_some_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proving, "MOST_KEPT", 1)
    break_a_level()
    with pytest.raises(BooksBrokenError):
        check_integrity.run()
    run = IntegrityRun.objects.get()
    assert (run.broken_rows, len(run.findings)) == (2, 1)
    page = staff().get(change_url(run)).content.decode()
    assert "1 more: python manage.py check_integrity" in page


def test_the_command_keeps_a_proof_of_all_rules_and_of_no_fewer() -> None:
    call_command("check_integrity", "orders.totals")
    assert not IntegrityRun.objects.exists()
    call_command("check_integrity", verbosity=0)
    assert IntegrityRun.objects.get().broken_rows == 0
    with pytest.raises(CommandError):
        call_command("check_integrity", "nonsense")
    assert IntegrityRun.objects.count() == 1


def test_a_proof_changes_no_books() -> None:
    break_a_level()
    before = AuditEntry.objects.count()
    prove_books()
    assert AuditEntry.objects.count() == before


def test_the_schedule_shows_a_broken_rule_as_failed() -> None:
    app.set_current()
    break_a_level()
    run_scheduled.run("integrity")
    run = ScheduledRun.objects.get(name="integrity")
    assert run.state == RunState.FAILED
    assert run.error_what == "2 rows break 2 rules."
    assert run.error_why.startswith("stock.ledger_sums: ")


def test_runs_are_purged_after_their_time() -> None:
    prove_books()
    rules = ["system.integrity_runs"]
    assert purge_records(rules=rules).summary == "Deleted 0 rows"
    later = timezone.now() + timedelta(days=91)
    assert purge_records(rules=rules, at=later).summary == "Deleted 1 row"


def test_the_tile_says_what_the_last_proof_found() -> None:
    never = proof_tile(None)
    assert (never.value, never.level) == ("Not proven yet", "neutral")

    sound = prove_books().run
    assert sound is not None
    tile = proof_tile(sound)
    assert (tile.value, tile.level) == (sound.summary, "ok")
    assert tile.url == change_url(sound)
    stale = proof_tile(sound, now=timezone.now() + timedelta(days=2))
    assert stale.level == "warning"
    assert stale.note.endswith("not since")

    level = break_a_level()
    prove_books()
    (broken,) = shown()
    assert (broken.value, broken.level) == ("2 rows break 2 rules", "critical")
    assert broken.note.endswith(f": {level}, on_hand 7, expected 5")


def shown(user: Any = None) -> list[Tile]:
    request = RequestFactory().get("/")
    request.user = user or User(is_superuser=True)
    return list(tiles(request))


def test_who_may_not_see_the_runs_sees_no_tile() -> None:
    assert shown(AnonymousUser()) == []


def test_the_page_names_the_rows() -> None:
    level = break_a_level()
    run = prove_books().run
    assert run is not None
    client = staff()
    page = client.get(change_url(run)).content.decode()
    for words in ("2 rows break 2 rules", "stock.ledger_last", level.variant.sku):
        assert words in page, words
    assert "2 rows break 2 rules" in client.get(list_url(IntegrityRun)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_several_sessions_report_in_the_order_of_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(side_by_side, "_cores", lambda: 3)
    level = break_a_level()
    order = make_order()
    Order.objects.filter(pk=order.pk).update(order_number="ORD-2099-000007")
    NumberSequence.objects.create(key="ORD-2099", next_value=2)

    proof = prove_books(most=2)

    assert [(rule.name, row.subject) for rule, row in proof.broken] == [
        ("system.numbers", "ORD-2099-000007"),
        ("stock.ledger_sums", str(level)),
    ]
    assert proof.counts["stock.ledger_last"] == 1
    assert list(proof.seconds) == [rule.name for rule in proof.rules]
    assert proof.run is not None
    assert proof.run.broken_rows == proof.counts.total()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_a_role_limits_in_requests_ends_no_proof() -> None:
    with connection.cursor() as cursor:
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET {limit} = '50ms'")
    try:
        with one_moment(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")
            time.sleep(0.1)
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def test_a_few_rules_that_hold_do_not_call_the_proof_well_again() -> None:
    command: Any = load_command_class("stateset.system", "check_integrity")
    assert command.called(check=[]) == "check_integrity"
    assert command.called(check=["stock.sums"]) == "check_integrity stock.sums"


@pytest.mark.django_db(transaction=True)
def test_rules_see_one_moment_while_others_write() -> None:
    level = make_level(on_hand=5)

    def write() -> None:
        StockLevel.objects.filter(pk=level.pk).update(on_hand=9)

    with one_moment():
        before = StockLevel.objects.get(pk=level.pk).on_hand
        at_once(write)
        during = StockLevel.objects.get(pk=level.pk).on_hand
    assert (before, during) == (5, 5)
    assert StockLevel.objects.get(pk=level.pk).on_hand == 9
    assert not connection.in_atomic_block
