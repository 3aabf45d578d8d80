"""One row changed past this program: the audit shows it, check_integrity names it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from orders.models import Order
from stateset.system.models import AuditEntry
from stateset.system.sealing.flow import seal_log
from tests.inventory.builders import make_level
from tests.orders.builders import make_confirmed_order
from tests.stateset.system.bare import change

pytestmark = pytest.mark.django_db(transaction=True)

LEDGERS_OFF = {
    "postgresql": "ALTER TABLE audit_log DISABLE TRIGGER stateset_append_only",
    "sqlite": "DROP TRIGGER stateset_append_only_audit_log_update",
}
LEDGERS_ON = {
    "postgresql": "ALTER TABLE audit_log ENABLE TRIGGER stateset_append_only",
    "sqlite": "CREATE TRIGGER stateset_append_only_audit_log_update BEFORE update ON"
    ' "audit_log" BEGIN SELECT 1; END',
}


def named(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the rows that check_integrity names, and see that it exits with 1."""
    with pytest.raises(SystemExit) as caught:
        call_command("check_integrity", as_json=True)
    assert caught.value.code == 1
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return rows


@pytest.mark.postgresql
def test_units_written_by_psql_are_audited_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    level = make_level(on_hand=5)

    change("UPDATE inventory SET on_hand = 7")

    entry = AuditEntry.objects.filter(action="update").latest("id")
    assert (entry.resource_type, entry.resource_id) == ("inventory", str(level.pk))
    assert entry.changes == {"on_hand": [5, 7], "available": [5, 7]}
    assert (entry.actor, entry.actor_label, entry.reason) == (None, "", "")
    assert entry.database_user == connection.settings_dict["USER"]
    rows = named(capsys)
    assert {row["check"] for row in rows} == {"stock.ledger_sums", "stock.ledger_last"}
    assert {row["subject"] for row in rows} == {str(level)}
    assert {row["found"] for row in rows} == {"on_hand 7, expected 5"}


@pytest.mark.sqlite
def test_units_written_by_the_sqlite3_shell_are_not_audited_but_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    level = make_level(on_hand=5)
    before = AuditEntry.objects.count()

    change("UPDATE inventory SET on_hand = 7")

    assert AuditEntry.objects.count() == before
    assert {row["subject"] for row in named(capsys)} == {str(level)}


def test_a_status_that_was_written_by_hand_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = make_confirmed_order()

    change("UPDATE orders SET status = 'processing'")

    rows = [row for row in named(capsys) if row["check"] == "system.statuses"]
    assert [(row["subject"], row["found"]) for row in rows] == [
        (f"order {order}", "is processing, by its events it is confirmed")
    ]
    assert Order.objects.get().status == "processing"


def test_an_audit_row_that_was_rewritten_is_named_by_its_range(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_level(on_hand=5)
    seal_log()

    change(
        LEDGERS_OFF[connection.vendor],
        "UPDATE audit_log SET reason = 'as agreed'"
        " WHERE id = (SELECT min(id) FROM audit_log)",
        LEDGERS_ON[connection.vendor],
    )

    rows = named(capsys)
    sealed = [row for row in rows if row["check"] == "system.audit_seals"]
    assert len(sealed) == 1
    assert sealed[0]["subject"].startswith("audit_log 1-")
    assert sealed[0]["found"].startswith("a row is not what it was when it was sealed")
