from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import StockLevel
from tests.inventory.builders import make_level

pytestmark = pytest.mark.django_db


def test_sound_books_are_said_to_be_sound() -> None:
    output = StringIO()
    call_command("check_integrity", stdout=output)
    assert output.getvalue().rstrip().endswith(" rules hold")


def test_what_breaks_a_rule_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    level = make_level(on_hand=5)
    StockLevel.objects.filter(pk=level.pk).update(on_hand=7)

    with pytest.raises(SystemExit) as caught:
        call_command("check_integrity", as_json=True)

    assert caught.value.code == 1
    told = json.loads(capsys.readouterr().out)
    rows = told["rows"]
    assert [row["check"] for row in rows] == ["stock.ledger_sums", "stock.ledger_last"]
    assert {row["found"] for row in rows} == {"on_hand 7, expected 5"}
    broken = {rule["check"]: rule["rows"] for rule in told["rules"] if rule["rows"]}
    assert broken == {"stock.ledger_sums": 1, "stock.ledger_last": 1}
    call_command("check_integrity", "orders.totals")


def test_how_long_each_rule_took_is_shown_to_who_asks() -> None:
    level = make_level(on_hand=5)
    StockLevel.objects.filter(pk=level.pk).update(on_hand=7)
    names = ("orders.totals", "stock.ledger_sums")
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("check_integrity", *names, verbosity=2, stdout=output)

    broken, _, rules = output.getvalue().partition("\nrules\n")
    assert f"stock.ledger_sums  {level}\n    on_hand 7, expected 5" in broken
    header, *lines = (line.split() for line in rules.splitlines()[:3])
    assert header == ["check", "rows", "seconds"]
    assert {(name, rows) for name, rows, _ in lines} == {
        ("orders.totals", "0"),
        ("stock.ledger_sums", "1"),
    }
    took = [float(seconds) for _, _, seconds in lines]
    assert took == sorted(took, reverse=True)


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CommandError, match="there is no rule nonsense") as caught:
        call_command("check_integrity", "nonsense")
    assert caught.value.returncode == 2
