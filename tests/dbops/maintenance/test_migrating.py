from __future__ import annotations

import io
import json
import re
from contextvars import Context
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from dbops.backups.catalogue import list_entries_of
from dbops.backups.storage import backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import (
    DatabaseInUseError,
    MigrationFailedError,
    MigrationRefusedError,
    OperationBusyError,
)
from dbops.leases import leased
from dbops.maintenance.migrating import migrate_down, migrate_up, plan_down
from dbops.management.commands import migrate, migration
from stateset.lib.journal import Entry
from stateset.system.triggers import triggers_of
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import DATED, output, refusal

MIGRATION = migration.Command()
ALL = (
    "bookshop.0001_books",
    "bookshop.0002_isbn",
    "bookclub.0001_readers",
    "bookshop.0003_price",
    "bookshop.0004_shelves",
    "bookshop.0005_no_way_back",
)


def test_up_applies_what_waits_and_then_finds_nothing(bare: Shop) -> None:
    lines = output(MIGRATION, "up", database=ALIAS).splitlines()
    assert sorted(lines[1:-1]) == sorted(ALL)
    assert re.fullmatch(DATED + "Applied 6 migrations", lines[-1])
    printed = output(MIGRATION, database=ALIAS)
    assert re.fullmatch(DATED + "No migration waits\n", printed)
    assert bare.count("bookshop_book") == 0


def test_up_goes_as_far_as_it_is_told(bare: Shop) -> None:
    done = migrate_up(alias=ALIAS, app="bookshop", name="0002").migrations
    assert done == ALL[:2]
    assert migrate_up(alias=ALIAS, app="bookclub").migrations == (ALL[2],)
    with pytest.raises(MigrationRefusedError) as caught:
        migrate_up(alias=ALIAS, app="bookshop", name="0001")
    assert str(caught.value) == (
        "No migration was run.\n"
        "  why: bookclub.0001_readers is applied already, and comes after 0001_books\n"
        "  fix: take it back with `migration down bookshop 0001_books`"
    )


def test_a_migration_that_fails_leaves_those_before_it_and_says_so(
    bare: Shop, entries: list[Entry]
) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    bare.run("INSERT INTO bookshop_book (title) VALUES ('')")
    with pytest.raises(MigrationFailedError) as caught:
        migrate_up(alias=ALIAS, app="bookshop")
    assert str(caught.value) == (
        "The migration bookshop.0003_price was not applied.\n"
        "  why: ValueError: a book has no title; applied: bookshop.0002_isbn; not"
        " applied: bookshop.0003_price, bookshop.0004_shelves,"
        " bookshop.0005_no_way_back\n"
        "  fix: mend what it says, then run `migration up` again: it goes on there"
    )
    assert names(bare) == ["0001_books", "0002_isbn"]
    assert columns(bare) == {"id", "title", "isbn"}
    assert entries[-1].outcome == "error"
    bare.run("UPDATE bookshop_book SET title = 'Emma'")
    assert migrate_up(alias=ALIAS, app="bookshop").migrations == ALL[3:]
    assert columns(bare) == {"id", "title", "isbn", "price"}


def test_a_lock_that_somebody_keeps_is_not_waited_for(
    bare: Shop, impatient: None
) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    with locked(bare, "bookshop_book"), pytest.raises(DatabaseInUseError) as caught:
        migrate_up(alias=ALIAS, app="bookshop", name="0002")
    assert str(caught.value) == (
        "The migration bookshop.0002_isbn was not applied.\n"
        "  why: others kept a lock for 0.2 seconds; not applied: bookshop.0002_isbn\n"
        "  fix: see who (db_locks), then run `migration up` again"
    )
    assert names(bare) == ["0001_books"]
    assert migrate_up(alias=ALIAS, app="bookshop", name="0002").migrations


def test_in_production_a_backup_comes_first(bare: Shop, settings: Settings) -> None:
    settings.ENVIRONMENT = "production"
    told: list[str] = []
    migrate_up(alias=ALIAS, app="bookshop", name="0001", tell=told.append)
    assert told == ["to apply: bookshop.0001_books"]
    done = migrate_up(alias=ALIAS, app="bookshop", name="0003", tell=told.append)
    (made,) = list_entries_of(backup_storage(), ALIAS)
    assert told[-1] == f"backup: {made.id}"
    assert done.backup_id == made.id
    assert made.manifest is not None
    assert (made.manifest.kind, made.manifest.reason) == (
        "pre-migrate",
        "before bookshop.0002_isbn and 1 more",
    )
    assert made.manifest.contents.migrations == (("bookshop", "0001_books"),)
    assert migrate_up(alias=ALIAS, app="bookshop", name="0003").backup_id == ""


def test_down_takes_back_the_last_steps_whatever_app_they_are_of(bare: Shop) -> None:
    for app, name in (("bookshop", "0003"), ("bookclub", "0001"), ("bookshop", "0004")):
        migrate_up(alias=ALIAS, app=app, name=name)
    undoing = plan_down(alias=ALIAS, steps=2)
    assert set(undoing.migrations) == {
        ("bookshop", "0004_shelves"),
        ("bookclub", "0001_readers"),
    }
    migrate_down(undoing, alias=ALIAS)
    assert names(bare) == ["0001_books", "0002_isbn", "0003_price"]
    assert plan_down(alias=ALIAS).migrations == (("bookshop", "0003_price"),)


def test_down_to_a_migration_takes_back_what_stands_on_it(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookclub")
    undoing = plan_down(alias=ALIAS, app="bookshop", name="zero")
    assert undoing.migrations[-1] == ("bookshop", "0001_books")
    assert len(undoing.migrations) == 3
    printed = output(
        *(MIGRATION, "down", "bookshop", "zero"),
        database=ALIAS,
        confirm=bare_name(bare),
        stderr=io.StringIO(),
    )
    assert printed.splitlines()[-1].endswith("Took back 3 migrations")
    assert names(bare) == []


def test_down_wants_the_name_and_shows_what_goes(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0002")
    plan = io.StringIO()
    error = refusal(MIGRATION, "down", "2", database=ALIAS, stderr=plan)
    assert plan.getvalue() == (
        "to take back: bookshop.0002_isbn\nto take back: bookshop.0001_books\n"
        "What they made goes, with the data in it.\n"
    )
    assert error.returncode == 1
    assert f"add --confirm {bare_name(bare)}" in str(error)
    assert names(bare) == ["0001_books", "0002_isbn"]


def test_what_cannot_be_taken_back_is_told_before_anything_is_done(bare: Shop) -> None:
    migrate_up(alias=ALIAS)
    with pytest.raises(MigrationRefusedError) as caught:
        plan_down(alias=ALIAS, app="bookshop", name="0003")
    assert str(caught.value) == (
        "No migration was run.\n"
        "  why: bookshop.0005_no_way_back cannot be taken back: Raw Python operation\n"
        "  fix: write a migration that mends it, or restore the backup from before it"
        " (list_backups)"
    )


def test_a_step_of_a_newer_release_is_not_taken_back(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    MigrationRecorder(connections[ALIAS]).record_applied("bookshop", "0099_future")
    with pytest.raises(MigrationRefusedError) as caught:
        plan_down(alias=ALIAS)
    assert caught.value.why == "bookshop.0099_future is not in this release"


def test_a_plan_that_no_longer_holds_is_not_carried_out(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0002")
    undoing = plan_down(alias=ALIAS)
    migrate_down(undoing, alias=ALIAS)
    with pytest.raises(MigrationRefusedError) as caught:
        migrate_down(undoing, alias=ALIAS)
    assert caught.value.why == "the migrations changed since the plan was shown"


def test_what_came_to_stand_on_it_meanwhile_is_not_taken_along(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0002")
    undoing = plan_down(alias=ALIAS)
    migrate_up(alias=ALIAS, app="bookclub")
    with pytest.raises(MigrationRefusedError):
        migrate_down(undoing, alias=ALIAS)
    assert names(bare) == ["0001_books", "0002_isbn"]


def test_a_run_under_way_is_not_raced(bare: Shop) -> None:
    with leased(get_engine(ALIAS), "backup"), pytest.raises(OperationBusyError):
        Context().run(migrate_up, alias=ALIAS)


def test_status_tells_applied_waiting_and_unknown_ones(
    bare: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0004")
    MigrationRecorder(connections[ALIAS]).record_applied("bookshop", "0099_future")
    lines = output(MIGRATION, "status", database=ALIAS).splitlines()
    assert [line.split() for line in lines[1:-1]] == [
        ["bookclub", "waiting", "0001_readers"],
        ["bookshop", "applied", "4,", "the", "newest", "0004_shelves"],
        ["bookshop", "waiting", "0005_no_way_back"],
        ["bookshop", "unknown", "0099_future"],
    ]
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith(" 2 migrations to apply; 1 of another release")
    with pytest.raises(SystemExit) as caught:
        call_command(MIGRATION, "status", "--check", f"--database={ALIAS}")
    assert caught.value.code == 1
    migrate_up(alias=ALIAS)
    output(MIGRATION, "status", "--check", f"--database={ALIAS}")


WRONG = {
    "up --check": "--check is not for up",
    "status --all": "--all is not for status",
    "down bookshop": "down takes a number of steps, or APP NAME, not",
    "up bookstore": "there is no app 'bookstore' with migrations",
    "up bookshop 0007": "there is no migration '0007' of bookshop",
    "up bookshop 00": "there are several migrations of bookshop that",
    "lint bookshop": "lint takes no 'bookshop'",
}


def test_arguments_that_do_not_fit_are_refused(bare: Shop) -> None:
    for words, why in WRONG.items():
        error = refusal(MIGRATION, *words.split(), f"--database={ALIAS}")
        assert error.returncode == 2, words
        assert f"  why: {why}" in str(error)


@pytest.mark.django_db(transaction=True)
def test_real_migrations_go_down_and_up_again_on_a_migrated_database() -> None:
    undoing = plan_down()
    try:
        migrate_down(undoing)
        waiting = json.loads(output("migration", "status", "--json"))["waiting"]
        assert waiting == len(undoing.migrations)
    finally:
        done = migrate_up().migrations
    assert len(done) == len(undoing.migrations)
    assert triggers_of(connection).missing(connection) == []


@pytest.mark.parametrize(
    ("environment", "words"), [("production", 1), ("development", 0)]
)
def test_plain_migrate_names_the_safer_way_in_production(
    bare: Shop, settings: Settings, environment: str, words: int
) -> None:
    settings.ENVIRONMENT = environment
    told = io.StringIO()
    output(migrate.Command(), database=ALIAS, verbosity=0, stderr=told)
    assert told.getvalue().count("`python manage.py migration up`") == words
    assert len(names(bare)) == 5


def names(shop: Shop) -> list[str]:
    """Return the bookshop's migrations that are applied."""
    applied = MigrationRecorder(connections[ALIAS]).applied_migrations()
    return sorted(name for app, name in applied if app == "bookshop")


def columns(shop: Shop) -> set[str]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT * FROM bookshop_book")
        return {column[0] for column in cursor.description}


def bare_name(shop: Shop) -> str:
    return Path(shop.name).name
