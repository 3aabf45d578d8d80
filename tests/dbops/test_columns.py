"""cli.md: ``--json`` has the keys of the printed table."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from django.core.management import call_command, get_commands

from dbops.backups.create import create_backup
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report
from tests.dbops.monitoring.holding import holding, waiting
from tests.dbops.shop import ALIAS, Shop

COMMANDS = [
    *sorted(
        name
        for name, app in get_commands().items()
        if app == "dbops" and name.startswith("db_")
    ),
    *("list_backups", "prune_backups", "purge_records"),
    *("migration status", "vacuum --plan"),
]
GIVEN = {"db_terminate": ["--reason=it hangs"]}
OF_THE_PROJECT = {"purge_records", "migration status"}
"""What asks for tables that the shop has not got."""
NOT_ON_SQLITE = {
    *("db_activity", "db_io", "db_locks", "db_queries", "db_replication"),
    "db_terminate",
}


@contextmanager
def busy(shop: Shop) -> Iterator[tuple[int, ...]]:
    """Have something to show in every table, on an engine that has it."""
    with ExitStack() as stack:
        create_backup(alias=ALIAS, verify="hash")
        pids: tuple[int, ...] = (1,)
        if shop.engine == "postgresql":
            slot = f"columns_{shop.name[5:]}"
            shop.run("CREATE EXTENSION pg_stat_statements")
            shop.run(f"SELECT pg_create_physical_replication_slot('{slot}', true)")
            drop = f"SELECT pg_drop_replication_slot('{slot}')"
            stack.callback(shop.run, drop)
            root = stack.enter_context(holding(shop, "holder"))
            pids = (root, stack.enter_context(waiting(shop, "waiter")))
        yield pids


def printed_and_json(
    monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[list[set[str]], Any]:
    """Run a command on both forms: the columns of each of its tables, and its JSON."""
    reports: list[Report] = []
    printing = StatesetCommand.print_report

    def collect(self: StatesetCommand, report: Report) -> None:
        reports.append(report)
        printing(self, report)

    monkeypatch.setattr(StatesetCommand, "print_report", collect)
    output(*arguments)
    (report,) = reports
    tables = [section.rows for section in report.sections] or [report.rows]
    return [set(rows[0]) for rows in tables if rows], json.loads(
        output(*arguments, "--json")
    )


def output(*arguments: str) -> str:
    stdout = io.StringIO()
    # Some say by their exit code what they found.
    with suppress(SystemExit):
        call_command(*arguments, stdout=stdout, stderr=io.StringIO())
    return stdout.getvalue()


def objects(value: Any) -> Iterator[set[str]]:
    """Yield the keys of every object in what JSON holds."""
    if isinstance(value, dict):
        yield set(value)
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, (dict, list)) else ():
        yield from objects(part)


@pytest.mark.django_db
def test_every_column_of_a_table_is_a_key_of_its_json(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, empty = {}, set()
    with busy(shop) as pids:
        for command in COMMANDS:
            given = [*command.split(), *GIVEN.get(command, ())]
            if command == "db_terminate":
                given += map(str, pids)
            if command not in OF_THE_PROJECT:
                given.append(f"--database={ALIAS}")
            tables, found = printed_and_json(monkeypatch, *given)
            if not tables:
                empty.add(command)
            for columns in tables:
                if not any(columns <= keys for keys in objects(found)):
                    wrong[command] = columns
    assert wrong == {}
    assert empty == (NOT_ON_SQLITE if shop.engine == "sqlite" else set())
