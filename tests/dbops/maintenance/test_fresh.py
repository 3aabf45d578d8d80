from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pytest_django import Settings

from dbops.backups.catalogue import list_entries_of
from dbops.backups.storage import backup_storage
from dbops.errors import (
    DatabaseInUseError,
    MigrationFailedError,
    MigrationRefusedError,
)
from dbops.maintenance.fresh import make_fresh
from dbops.maintenance.migrating import migrate_up
from dbops.management.commands import migration
from tests.dbops.bookshop import broken
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import DATED, output, refusal

MIGRATION = migration.Command()
BOOK = "INSERT INTO bookshop_book (title) VALUES ('Emma')"


def test_fresh_drops_everything_after_a_backup_and_migrates_anew(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    bare.run(BOOK)
    bare.run("CREATE TABLE scratch (id int)")
    bare.run("CREATE VIEW titles AS SELECT title FROM bookshop_book")
    name, plan = Path(bare.name).name, io.StringIO()
    printed = output(
        MIGRATION, "fresh", f"--confirm={name}", database=ALIAS, stderr=plan
    )
    assert plan.getvalue() == (
        f"This drops all 3 tables of {name} with what is in them,\nand migrates anew.\n"
    )
    (made,) = list_entries_of(backup_storage(), ALIAS)
    assert made.manifest is not None
    assert made.manifest.kind == "safety"
    assert made.manifest.contents.tables["bookshop_book"] == 1
    assert re.fullmatch(
        DATED + rf"Migrated {re.escape(name)} anew; what was there is in the backup"
        rf" {made.id}\n",
        printed,
    )
    assert bare.count("bookshop_book") == bare.count("bookshop_shelf") == 0
    for gone in ("scratch", "titles"):
        with pytest.raises(Exception, match=gone):
            bare.count(gone)


def test_an_empty_database_is_migrated_without_a_backup(bare: Shop) -> None:
    assert make_fresh(alias=ALIAS) == ""
    assert bare.count("bookshop_book") == 0


def test_production_is_never_made_fresh(bare: Shop, settings: Settings) -> None:
    migrate_up(alias=ALIAS)
    settings.ENVIRONMENT = "production"
    error = refusal(MIGRATION, "fresh", f"--confirm={bare.name}", database=ALIAS)
    assert error.returncode == 1
    assert str(error) == (
        "Nothing was dropped.\n"
        "  why: this is a production installation (APP__ENVIRONMENT)\n"
        "  fix: take single migrations back with `migration down`"
    )
    with pytest.raises(MigrationRefusedError):
        make_fresh(alias=ALIAS)
    assert bare.count("bookshop_book") == 0


def test_without_the_name_nothing_is_dropped(bare: Shop) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    bare.run(BOOK)
    error = refusal(MIGRATION, "fresh", database=ALIAS, stderr=io.StringIO())
    assert str(error).startswith("Nothing was changed.")
    assert bare.count("bookshop_book") == 1


def test_a_database_in_use_is_left_as_it_is(bare: Shop, impatient: None) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    bare.run(BOOK)
    with (
        locked(bare, "bookshop_book", mode="ACCESS SHARE"),
        pytest.raises(DatabaseInUseError) as caught,
    ):
        make_fresh(alias=ALIAS)
    assert caught.value.fix == "stop the web server and the workers, then try again"
    assert bare.count("bookshop_book") == 1


@pytest.mark.sqlite
def test_a_reader_counts_as_use(bare: Shop, impatient: None) -> None:
    migrate_up(alias=ALIAS, app="bookshop", name="0001")
    bare.run(BOOK)
    with closing(sqlite3.connect(bare.name)) as reader:
        reader.execute("SELECT * FROM bookshop_book").fetchall()
        with pytest.raises(DatabaseInUseError):
            make_fresh(alias=ALIAS)
    assert bare.count("bookshop_book") == 1


def test_migrations_that_fail_leave_the_backup_and_on_sqlite_the_old_file(
    bare: Shop, settings: Settings
) -> None:
    migrate_up(alias=ALIAS)
    settings.MIGRATION_MODULES = {"bookshop": broken.__name__, "bookclub": None}
    with pytest.raises(MigrationFailedError) as caught:
        make_fresh(alias=ALIAS)
    (made,) = list_entries_of(backup_storage(), ALIAS)
    assert caught.value.fix == (
        "mend what it says, then run `migration fresh` again; what was there is in the"
        f" backup {made.id}"
    )
    settings.MIGRATION_MODULES = {}
    make_fresh(alias=ALIAS)
    assert bare.count("bookshop_book") == 0
