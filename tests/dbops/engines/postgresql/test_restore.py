from __future__ import annotations

import io
import os
import secrets
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from dbops.backups.create import create_backup, make_backup
from dbops.backups.manifest import Manifest
from dbops.backups.restore import restore_backup
from dbops.backups.verify import verify_backup
from dbops.engines.base import Source
from dbops.engines.postgresql.connect import quoted, session
from dbops.engines.postgresql.drafts import DRAFT_COMMENT
from dbops.engines.postgresql.restore import restore_program
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    ProgramFailedError,
    RestoreRefusedError,
    TargetExistsError,
)
from tests.dbops.engines.postgresql.test_dump import clerk
from tests.dbops.programs import make_program, real_program
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql


def make_restore_program(
    folder: Path, body: str, *, version: str | Manifest = "99.1"
) -> None:
    """Make a fake, as old as the maker of a backup if one is given."""
    if isinstance(version, Manifest):
        version = version.contents.client_version
    make_program(folder, "pg_restore", body, version=version)


def restore(shop: Shop) -> None:
    restore_backup(into=shop.new_name(), alias=ALIAS)


def test_the_command_line_is_a_list_without_the_password(shop: Shop) -> None:
    with session(connections[ALIAS]) as own:
        program = restore_program(
            own, Path("/bin/pg_restore"), 2, "copy_restoring", Path("/w/dump")
        )
    settings = shop.settings
    assert program.args == [
        "/bin/pg_restore",
        *("-U", settings["USER"], "-h", settings["HOST"], "-p", str(settings["PORT"])),
        "--no-password",
        "--dbname=dbname=copy_restoring keepalives_idle=30 tcp_user_timeout=30000",
        "--exit-on-error",
        "--no-owner",
        "--no-subscriptions",
        "--jobs=2",
        "/w/dump",
    ]
    assert program.env["PGPASSWORD"] == settings["PASSWORD"]


def test_the_copy_has_encoding_and_locale_of_the_source(shop: Shop) -> None:
    shop.run(
        f'CREATE DATABASE "{shop.name} latin" TEMPLATE template0'
        " ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    connections[ALIAS].settings_dict["NAME"] = f"{shop.name} latin"
    create_backup(alias=ALIAS)
    restore(shop)
    query = """
        SELECT pg_encoding_to_char(encoding), datcollate, datctype
        FROM pg_database WHERE datname = current_database()
    """
    assert shop.run(query, shop.new_name()) == [("LATIN1", "C", "C")]


def test_the_copy_is_analysed_and_bears_no_mark(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    restore(shop)
    name = shop.new_name()
    assert shop.run(
        "SELECT reltuples FROM pg_class WHERE relname = 'orders'", name
    ) == [(300,)]
    query = """
        SELECT shobj_description(oid, 'pg_database') FROM pg_database
        WHERE datname = current_database()
    """
    assert shop.run(query, name) == [(None,)]


def test_constraints_and_indexes_come_back(shop: Shop) -> None:
    shop.run("CREATE UNIQUE INDEX orders_note ON orders (note) WHERE id > 10")
    create_backup(alias=ALIAS, verify="none")
    restore(shop)
    query = (
        "SELECT conname, contype FROM pg_constraint WHERE connamespace ="
        " 'public'::regnamespace UNION SELECT indexname, 'i' FROM pg_indexes"
        " WHERE schemaname = 'public' ORDER BY 1, 2"
    )
    assert shop.run(query, shop.new_name()) == shop.run(query)


@pytest.mark.parametrize("body", ["exit 1", "kill -9 $$"])
def test_a_pg_restore_that_fails_half_way_leaves_nothing(
    shop: Shop, fakes: Path, body: str
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    make_restore_program(
        fakes,
        f'{real_program("pg_restore")} --section=pre-data "$@" && {body}',
        version=manifest,
    )
    before = shop.databases()
    with pytest.raises(ProgramFailedError, match="pg_restore did not do its work"):
        restore(shop)
    assert shop.databases() == before


def test_rows_that_did_not_come_back_leave_nothing(shop: Shop, fakes: Path) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    make_restore_program(
        fakes,
        f'exec {real_program("pg_restore")} --section=pre-data "$@"',
        version=manifest,
    )
    before = shop.databases()
    with pytest.raises(BackupDamagedError) as caught:
        restore(shop)
    assert caught.value.why.startswith("customers: 0 rows, expected 2 rows; ")
    assert "orders: 0 rows, expected 300 rows" in caught.value.why
    assert shop.databases() == before


def test_what_a_killed_restore_left_is_replaced(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    draft = f"{shop.new_name()}_restoring"
    shop.run(f'CREATE DATABASE "{draft}" TEMPLATE template0')
    shop.run(f"COMMENT ON DATABASE \"{draft}\" IS '{DRAFT_COMMENT}'")
    restore(shop)
    assert shop.databases() == [shop.name, shop.new_name()]


def test_a_database_that_only_looks_like_a_draft_is_left_alone(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    draft = f"{shop.new_name()}_restoring"
    shop.run(f'CREATE DATABASE "{draft}" TEMPLATE template0')
    with pytest.raises(TargetExistsError) as caught:
        restore(shop)
    assert str(caught.value) == (
        f"The database {draft!r} was not created.\n"
        "  why: a database of this name is there already\n"
        "  fix: choose another name for --into, or drop that database first"
    )
    assert shop.databases() == [shop.name, draft]


def test_a_role_that_may_not_create_databases_is_told(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    shop.run("CREATE ROLE stateset_reader LOGIN PASSWORD 'reading'")
    settings = connections[ALIAS].settings_dict
    settings |= {"USER": "stateset_reader", "PASSWORD": "reading"}
    try:
        with pytest.raises(RestoreRefusedError) as caught:
            restore(shop)
    finally:
        shop.run("DROP ROLE stateset_reader")
    assert str(caught.value) == (
        f"The database {shop.new_name() + '_restoring'!r} was not created.\n"
        "  why: permission denied to create database\n"
        "  fix: mend what the server names; a role that may not create databases"
        " needs ALTER ROLE … CREATEDB"
    )
    assert shop.databases() == [shop.name]


def test_a_role_of_few_connections_restores_with_fewer_jobs(
    shop: Shop, settings: Settings
) -> None:
    make_backup(alias=ALIAS, jobs=1, verify="none")
    settings.BACKUP_JOBS = 8
    with clerk(shop):
        shop.run(f"ALTER ROLE clerk_{os.getpid()} CONNECTION LIMIT 7")
        restore(shop)
        assert shop.count("orders", shop.new_name()) == 300
        shop.run(f'DROP DATABASE "{shop.new_name()}"')


def test_a_client_that_the_server_would_refuse_is_told_before_anything_is_made(
    shop: Shop, fakes: Path
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    assert manifest.contents.client_version
    make_restore_program(fakes, "echo unused", version="10.1")
    restore(shop)
    assert shop.count("orders", shop.new_name()) == 300


def test_a_warning_while_decoding_is_damage(shop: Shop, fakes: Path) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    make_restore_program(fakes, "cat >/dev/null; echo odd archive >&2")
    with pytest.raises(BackupDamagedError) as caught:
        verify_backup(backup_id=manifest.id)
    assert str(caught.value) == (
        "pg_restore cannot read the dump.\n"
        "  why: odd archive\n"
        "  fix: use another backup (list_backups), and make a new one"
    )


def test_a_killed_pg_restore_is_no_verdict_on_the_backup(
    shop: Shop, fakes: Path
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    make_restore_program(fakes, "kill -9 $$")
    with pytest.raises(ProgramFailedError):
        verify_backup(backup_id=manifest.id)
    assert shop.files() == [manifest.file_name, manifest.name]


def test_an_archive_cut_short_cannot_be_decoded(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    sink = io.BytesIO()
    contents = engine.dump(sink).contents
    whole = sink.getvalue()
    engine.decode(engine.options, Source([whole], len(whole)), contents)
    short = whole[: len(whole) * 6 // 10]
    with pytest.raises(BackupDamagedError, match="pg_restore cannot read the dump"):
        engine.decode(engine.options, Source([short], len(short)), contents)


@pytest.mark.parametrize(
    "into",
    ["", 'x" --', "a ", "postgres://ann:hunter2@db/shop", "x" * 60, "a=b", "-x", "a/b"],
)
def test_what_is_no_name_is_refused_and_not_repeated(shop: Shop, into: str) -> None:
    create_backup(alias=ALIAS, verify="none")
    before = shop.databases()
    with pytest.raises(RestoreRefusedError, match="cannot be the name") as caught:
        restore_backup(into=into, alias=ALIAS)
    assert "hunter2" not in str(caught.value)
    assert shop.databases() == before


def test_names_that_need_quotes_are_quoted(shop: Shop) -> None:
    """A database, a schema and a table named to end the quotes around them."""
    engine = get_engine(ALIAS)
    name = f"{shop.new_name()}\" --='"
    with engine.connection.cursor() as cursor:
        cursor.execute('CREATE SCHEMA "s"" --"')
        cursor.execute('CREATE TABLE "s"" --"."t""; --" (id int)')
    manifest = create_backup(alias=ALIAS, verify="decode")
    assert manifest.contents.tables['s" --.t"; --'] == 0
    assert quoted(name) == '"' + name.replace('"', '""') + '"'


def test_an_extension_that_only_a_superuser_makes_is_left_out_and_told(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    role = f"owner_{secrets.token_hex(4)}"
    shop.run("CREATE EXTENSION pg_stat_statements")
    create_backup(alias=ALIAS, verify="none")
    shop.run(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'owning'", "postgres")
    settings = connections[ALIAS].settings_dict
    settings.update(USER=role, PASSWORD="owning")
    try:
        restore(shop)
        assert shop.count("orders", shop.new_name()) == 300
        assert "The extension pg_stat_statements was left out" in caplog.text
    finally:
        settings.update(USER=shop.settings["USER"], PASSWORD=shop.settings["PASSWORD"])
        shop.run(f'DROP DATABASE IF EXISTS "{shop.new_name()}"', "postgres")
        shop.run(f"DROP ROLE {role}", "postgres")
