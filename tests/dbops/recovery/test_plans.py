from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from dbops.backups.create import create_backup
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.postgresql.connect import session
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    BackupNotFoundError,
    DiskError,
    RestoreRefusedError,
)
from dbops.recovery.plans import plan_restore, plan_rollback
from dbops.recovery.verdict import CORRECT_ENVIRONMENT, SAME_ENGINE, THROUGH_A_COPY
from dbops.values import Size
from tests.dbops.builders import make_contents, store_backup
from tests.dbops.damage import cut_off, flip_bit
from tests.dbops.shop import ALIAS, Shop

WENT_ANOTHER_WAY = (
    "its migrations went another way than the code's, which does not know"
    " orders.9999_future"
)
ID = "stateset_20261123_020000"
STAMP = "20261128_030000"


def stored(shop: Shop, **overrides: Any) -> None:
    values = {"alias": ALIAS, "engine": shop.engine, **overrides}
    store_backup(backup_storage(), ID, **values)


@pytest.mark.parametrize(
    ("overrides", "why", "fix"),
    [
        (
            {"engine": "oracle"},
            "it is of 'oracle', this one is '{engine}'",
            SAME_ENGINE,
        ),
        (
            {"project": "other"},
            "it is of the project 'other', this one is 'stateset'",
            THROUGH_A_COPY,
        ),
        (
            {"environment": "production"},
            "it is of the environment 'production', this one is 'test'",
            THROUGH_A_COPY + CORRECT_ENVIRONMENT,
        ),
        (
            {"alias": "documents"},
            "it is of the database 'documents', this one is 'shop'",
            f"{THROUGH_A_COPY}; if that one is meant, give --database documents",
        ),
    ],
)
def test_a_backup_of_something_else_is_refused_with_the_way_round(
    shop: Shop, overrides: dict[str, str], why: str, fix: str
) -> None:
    stored(shop, **overrides)
    with pytest.raises(RestoreRefusedError) as caught:
        plan_restore(backup_id=ID, alias=ALIAS)
    assert str(caught.value) == (
        f"The backup {ID} was not restored over the live database.\n"
        f"  why: {why.format(engine=shop.engine)}\n"
        f"  fix: {fix}"
    )


def code_migrations() -> tuple[tuple[str, str], ...]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return tuple(key for key in loader.graph.nodes)


@pytest.mark.parametrize(
    ("is_complete", "why"),
    [
        (True, "it is newer than the code, which does not know orders.9999_future"),
        (
            False,
            WENT_ANOTHER_WAY,
        ),
    ],
)
def test_a_backup_the_code_does_not_understand_is_refused(
    shop: Shop, *, is_complete: bool, why: str
) -> None:
    migrations = [*code_migrations()[0 if is_complete else 1 :]]
    contents = make_contents(migrations=(*migrations, ("orders", "9999_future")))
    stored(shop, contents=contents)
    with pytest.raises(RestoreRefusedError) as caught:
        plan_restore(backup_id=ID, alias=ALIAS)
    assert caught.value.why == why


def test_a_damaged_backup_is_refused_before_anything_is_touched(shop: Shop) -> None:
    known = create_backup(alias=ALIAS, verify="none")
    flip_bit(shop.backup_folder / known.file_name)
    with pytest.raises(BackupDamagedError):
        verify_backup(backup_id=known.id, alias=ALIAS, level="hash")
    with pytest.raises(BackupDamagedError, match=r"found at level hash"):
        plan_restore(alias=ALIAS)
    cut = create_backup(alias=ALIAS, verify="none")
    cut_off(shop.backup_folder / cut.file_name)
    with pytest.raises(BackupDamagedError, match=r"bytes long, not"):
        plan_restore(alias=ALIAS)


def test_what_is_not_signed_is_refused_and_the_plan_names_what_was_allowed(
    books: Shop, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    create_backup(verify="none")
    settings.BACKUP_SIGNING_KEYS = {"2026a": "k" * 32}
    with pytest.raises(CommandError, match="it is not signed"):
        call_command("restore", "--latest", "--dry-run")
    call_command("restore", "--latest", "--dry-run", "--allow-unsigned")
    text = " ".join(capsys.readouterr().out.split())
    assert "not trusted: it is not signed; allowed by --allow-unsigned" in text


def test_without_a_kept_copy_there_is_nothing_to_go_back_to(shop: Shop) -> None:
    with pytest.raises(BackupNotFoundError) as caught:
        plan_rollback(alias=ALIAS)
    assert caught.value.why == "no restore has kept a copy, or it was removed"


@pytest.mark.sqlite
def test_a_full_disk_is_noticed_before_anything_is_touched(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(shop, contents=make_contents(migrations=code_migrations()))
    usage = shutil.disk_usage(shop.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=10))
    with pytest.raises(DiskError) as caught:
        plan_restore(backup_id=ID, alias=ALIAS)
    assert caught.value.what == "shop.db was not replaced; it is as it was."
    # Twice the backup's 8 KiB, and the kept copy of the live file.
    needed = Size(2 * 8192 + Path(shop.name).stat().st_size)
    assert caught.value.why == (
        f"beside the live one: {needed} are needed, 10 B are free"
    )


@pytest.mark.postgresql
def test_the_room_of_the_dump_and_of_the_servers_own_disk_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    contents = make_contents(migrations=code_migrations(), size_bytes=5 * 1024**2)
    stored(shop, contents=contents)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    beside, spooled, safety = plan_restore(backup_id=ID, alias=ALIAS).facts["room"]
    assert str(beside) == (
        "beside the live one: 5.0 MiB needed, free: unknown, that disk is not seen"
        " from here"
    )
    assert str(spooled).startswith(f"{tmp_path} (TMPDIR): 12 B needed, free: ")
    # 1.3 times the last one, as the backup itself asks for.
    assert "(safety backup): 15 B needed, free: " in str(safety)
    ((folder,),) = shop.run("SHOW unix_socket_directories")
    monkeypatch.setitem(connections[ALIAS].settings_dict, "HOST", folder)
    connections[ALIAS].close()
    # With more than one job the safety backup needs room there too.
    settings.BACKUP_JOBS = 2
    beside, spooled, _ = plan_restore(backup_id=ID, alias=ALIAS).facts["room"]
    assert spooled.needed == get_engine(ALIAS).room_to_dump() > 300
    ((data,),) = shop.run("SHOW data_directory")
    assert abs(beside.free - shutil.disk_usage(data).free) < 1024**3
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=10))
    with pytest.raises(DiskError) as caught:
        plan_restore(backup_id=ID, alias=ALIAS)
    assert caught.value.why == (
        "beside the live one: 5.0 MiB are needed, 10 B are free"
    )


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("rights", "why"),
    [
        ("NOCREATEDB", "this role may neither create nor rename databases"),
        ("CREATEDB", "it belongs to 'postgres', and only its owner can rename it"),
    ],
)
def test_a_role_without_the_rights_is_told_before_anything_is_touched(
    shop: Shop, rights: str, why: str
) -> None:
    role = f"weak {shop.name[5:]}"
    shop.run(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'x' {rights}")
    settings = connections[ALIAS].settings_dict
    before = settings["USER"], settings["PASSWORD"]
    settings["USER"], settings["PASSWORD"] = role, "x"
    try:
        with pytest.raises(RestoreRefusedError) as caught:
            get_engine(ALIAS).require_swappable(STAMP)
        assert caught.value.why == why
    finally:
        settings["USER"], settings["PASSWORD"] = before
        shop.run(f'DROP ROLE "{role}"')


@pytest.mark.postgresql
def test_who_cannot_be_ended_is_named_before_anything_is_touched(shop: Shop) -> None:
    owner, reader = f"owner {shop.name[5:]}", f"reader {shop.name[5:]}"
    for role in (owner, reader):
        shop.run(f"CREATE ROLE \"{role}\" LOGIN CREATEDB PASSWORD 'x'")
    shop.run(f'ALTER DATABASE "{shop.name}" OWNER TO "{owner}"')
    settings = connections[ALIAS].settings_dict
    before = settings["USER"], settings["PASSWORD"]
    engine = get_engine(ALIAS)
    settings["USER"], settings["PASSWORD"] = reader, "x"
    try:
        with session(engine.connection, name="report", start=""):
            settings["USER"], settings["PASSWORD"] = owner, "x"
            with pytest.raises(RestoreRefusedError) as caught:
                engine.require_swappable(STAMP)
            assert caught.value.why == (
                f"this role may not end who is in it: stateset report as {reader!r}"
            )
            assert caught.value.fix == f'GRANT pg_signal_backend TO "{owner}"'
            shop.run(f'GRANT pg_signal_backend TO "{owner}"')
            engine.require_swappable(STAMP)
            with closing(shop.connect()):
                stored(shop, contents=make_contents(migrations=code_migrations()))
                with pytest.raises(RestoreRefusedError) as caught:
                    plan_restore(backup_id=ID, alias=ALIAS)
        assert caught.value.why.endswith(
            f"a program without a name as {shop.settings['USER']!r}"
        )
        assert caught.value.fix == (
            "have superusers leave, whom only a superuser can end"
        )
    finally:
        settings["USER"], settings["PASSWORD"] = before
        shop.run(f'ALTER DATABASE "{shop.name}" OWNER TO CURRENT_USER')
        shop.run(f'DROP ROLE "{owner}", "{reader}"')
