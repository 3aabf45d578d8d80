from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import call_command
from django.db import connections, models
from django.db.migrations import operations as ops
from django.db.migrations.state import ProjectState
from pytest_django import Settings

from dbops.maintenance.migrating import migrate_up
from dbops.maintenance.migration_lint import Finding, find_dangers, lint_migrations
from dbops.management.commands import migration
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output

MIGRATION = migration.Command()
BOOKS = ops.CreateModel(
    "Book",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=50)),
        ("price", models.DecimalField(max_digits=9, decimal_places=2, null=True)),
    ],
)
ISBN = models.Index(fields=["title"], name="idx_title")


def field(**options: Any) -> models.Field:
    return models.CharField(max_length=13, **options)


def nothing(_apps: object, _editor: object) -> None:
    """Be a step of a migration."""


@pytest.mark.parametrize(
    ("operation", "level", "what"),
    [
        (
            ops.AddField("Book", "isbn", field()),
            "error",
            "adds the column book.isbn, NOT NULL without any default",
        ),
        (
            ops.AddField("Book", "isbn", field(default="?")),
            "warning",
            "adds the column book.isbn, NOT NULL without a default in the database",
        ),
        (ops.RemoveField("Book", "title"), "error", "drops the column book.title"),
        (ops.DeleteModel("Book"), "error", "drops the table of Book"),
        (ops.RenameField("Book", "title", "name"), "error", "renames title to name"),
        (ops.RenameModel("Book", "Tome"), "error", "renames book to Tome"),
        (
            ops.AlterModelTable("Book", "tomes"),
            "error",
            "renames the table of Book to tomes",
        ),
        (ops.AddIndex("Book", ISBN), "warning", "adds the index idx_title to Book"),
        (
            ops.AddConstraint(
                "Book", models.UniqueConstraint(fields=["title"], name="one_title")
            ),
            "error",
            "adds the unique constraint one_title",
        ),
        (
            ops.AlterField(
                "Book", "title", models.CharField(max_length=50, unique=True)
            ),
            "error",
            "makes book.title unique",
        ),
        (
            ops.AlterField("Book", "title", models.IntegerField()),
            "error",
            "changes the type of book.title",
        ),
        (
            ops.AlterField("Book", "title", models.CharField(max_length=20)),
            "error",
            "changes the type of book.title",
        ),
        (
            ops.AlterField(
                "Book", "price", models.DecimalField(max_digits=9, decimal_places=2)
            ),
            "warning",
            "makes book.price NOT NULL",
        ),
        (ops.RunPython(nothing), "warning", "RunPython without a way back"),
        (ops.RunSQL("SELECT 1"), "warning", "RunSQL without a way back"),
        (
            ops.SeparateDatabaseAndState([ops.RemoveField("Book", "title")], []),
            "error",
            "drops the column book.title",
        ),
    ],
)
def test_what_is_dangerous_to_a_running_site_is_found(
    operation: Any, level: str, what: str
) -> None:
    (finding,) = dangers(operation)
    assert (finding.level, finding.what) == (level, what)
    assert finding.why
    assert finding.fix


@pytest.mark.parametrize(
    "operation",
    [
        ops.AddField("Book", "isbn", field(null=True)),
        ops.AddField("Book", "isbn", field(db_default="")),
        ops.AlterField("Book", "title", models.CharField(max_length=80)),
        ops.AlterField("Book", "title", models.TextField()),
        AddIndexConcurrently("Book", ISBN),
        ops.RunPython(nothing, nothing),
        ops.SeparateDatabaseAndState([], [ops.RemoveField("Book", "title")]),
    ],
)
def test_what_is_harmless_is_not(operation: Any) -> None:
    assert dangers(operation) == []


def test_a_table_of_the_same_migrations_is_still_empty(bare: Shop) -> None:
    lint = lint_migrations(alias=ALIAS)
    assert lint.migrations == 6
    assert [each.what for each in lint.findings] == ["RunPython without a way back"]
    assert lint.findings[0].migration == "bookshop.0005_no_way_back"


def test_all_reads_each_migration_by_itself(bare: Shop, settings: Settings) -> None:
    migrate_up(alias=ALIAS)
    assert lint_migrations(alias=ALIAS).migrations == 0
    assert lint_migrations(alias=ALIAS, every=True).migrations == 6


def test_without_a_database_every_one_is_read(bare: Shop) -> None:
    connections[ALIAS].close()
    connections[ALIAS].settings_dict["NAME"] = f"{bare.name} gone"
    try:
        lint = lint_migrations(alias=ALIAS)
    finally:
        connections[ALIAS].settings_dict["NAME"] = bare.name
    assert lint.migrations == 6
    assert lint.remark.startswith("the database does not answer (")


def test_lint_is_printed_as_paragraphs_and_passes_with_warnings(bare: Shop) -> None:
    lines = output(MIGRATION, "lint", database=ALIAS).splitlines()
    assert lines[:3] == [
        "bookshop.0005_no_way_back, warning: RunPython without a way back",
        "  why: `migration down` refuses to go past it",
        "  fix: give it a reverse, a noop where nothing is to be done",
    ]
    assert lines[3].endswith("6 migrations read: 0 errors, 1 warning")
    assert max(map(len, lines)) <= 80


def test_lint_refuses_errors(bare: Shop, settings: Settings) -> None:
    settings.MIGRATION_MODULES = {"bookclub": "tests.dbops.bookclub.dangerous"}
    migrate_up(alias=ALIAS, app="bookclub", name="readers")
    with pytest.raises(SystemExit) as caught:
        call_command(MIGRATION, "lint", f"--database={ALIAS}")
    assert caught.value.code == 1


LOOKED_AT = {"returns.0002_partial_and_split_returns"}
"""Migrations of ours that drop or tighten something, from before the first release."""


def test_our_own_migrations_are_read_and_their_dangers_known() -> None:
    printed = StringIO()
    with suppress(SystemExit):
        call_command("migration", "lint", "--all", "--json", stdout=printed)
    values = json.loads(printed.getvalue())
    errors = {row["migration"] for row in values["rows"] if row["level"] == "error"}
    assert errors <= LOOKED_AT


def test_a_text_that_may_be_empty_is_no_column_without_a_default() -> None:
    (found,) = dangers(
        ops.AddField("book", "note", models.CharField(max_length=9, blank=True))
    )
    assert found.level == "warning"


def dangers(operation: Any) -> list[Finding]:
    state = ProjectState()
    BOOKS.state_forwards("bookshop", state)
    return list(find_dangers("bookshop", operation, state, set()))
