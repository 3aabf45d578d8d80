"""A recovery drill on the company's own books: measured, kept, told."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from pytest_django import Settings

from dbops.backups.catalogue import COMPLETE, LATEST, list_entries, read_verdict
from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest
from dbops.backups.reading import dump_source
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.engines.tuning import Tuning
from dbops.errors import BackupNotFoundError, DrillFailedError
from dbops.recovery.drill import recovery_drill, require_passed
from dbops.recovery.drill_reports import (
    FAILED,
    PASSED,
    SLOW,
    DrillReport,
    read_reports,
)
from dbops.tasks import create_backup as create_backup_task
from stateset.database_settings import read_drill_database
from stateset.lib import journal
from tests.dbops.damage import flip_bit
from tests.dbops.folders import names
from tests.dbops.shop import Shop
from tests.finance.builders import make_invoice
from tests.services.postgresql import postgresql_server
from tests.stateset.builders import make_user


def told(*arguments: str, code: int = 0) -> dict[str, Any]:
    """Return what a command says to a script, and see that it ends so."""
    stdout = io.StringIO()
    ended: object = 0
    try:
        call_command(*arguments, "--json", stdout=stdout)
    except SystemExit as error:
        ended = error.code
    assert ended == code
    values: dict[str, Any] = json.loads(stdout.getvalue())
    return values


def reports() -> list[DrillReport]:
    return read_reports(backup_storage(), "default")


@pytest.fixture
def elsewhere(
    books: Shop, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[str]]]:
    """Have restores tried out at another place; return what databases it has."""
    with ExitStack() as stack:
        if books.engine == "sqlite":
            folder = tmp_path / "elsewhere"
            folder.mkdir()
            url, listed = f"sqlite:///{folder}/trial.db", lambda: names(folder)
        else:
            server = stack.enter_context(postgresql_server())
            url, listed = server.url, lambda: databases_at(server.url)
        monkeypatch.setenv("APP__DRILL_DATABASE_URL", url)
        tuning = Tuning("tests", connect_timeout=5)
        live = connections["default"].settings_dict
        settings.DRILL_DATABASE = read_drill_database(tmp_path, tuning, live["ENGINE"])
        yield listed


def databases_at(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [
            name for (name,) in connection.execute("SELECT datname FROM pg_database")
        ]


@pytest.mark.long
def test_a_drill_elsewhere_makes_nothing_on_the_own_server(
    books: Shop, elsewhere: Callable[[], list[str]]
) -> None:
    make_user()
    manifest = create_backup(verify="none")
    here, there = books.databases(), set(elsewhere())
    report = recovery_drill(keep=True)
    assert report.state == PASSED
    assert next(look.name for look in report.looks) == "rows"
    kept = Path(report.kept).name
    assert books.databases() == here
    assert kept in set(elsewhere()) - there
    there = set(elsewhere())
    verify_backup(backup_id=manifest.id, level="restore")
    assert (books.databases(), set(elsewhere())) == (here, there)


@pytest.mark.postgresql
def test_a_server_for_drills_that_does_not_answer_is_told(
    books: Shop, settings: Settings
) -> None:
    create_backup(verify="none")
    live = connections["default"].settings_dict
    settings.DRILL_DATABASE = {**live, "HOST": "127.0.0.1", "PORT": "1"}
    report = recovery_drill()
    assert report.state == FAILED
    assert report.fix.endswith(
        "lets this user in (APP__DATABASE_URL, of a drill APP__DRILL_DATABASE_URL)"
    )


@pytest.mark.long
def test_a_full_backup_is_tried_out_at_once(books: Shop, settings: Settings) -> None:
    # Where an engine knows no jobs, they are left out of account.
    settings.BACKUP_JOBS = 2
    make_user()
    before = books.databases()
    found = told("backup", "--kind=full", "--verify=none")
    (report,) = reports()
    assert found["drill"]["state"] == report.state == PASSED
    assert found["id"] == report.backup_id
    assert found["drill"]["seconds"] == report.total_seconds > 0
    steps = [name for name, _, _ in report.steps]
    assert {"fetch", "decode", "count", "checks", "books", "other"} <= set(steps)
    assert ({"create", "load", "analyze"} <= set(steps)) == (
        books.engine == "postgresql"
    )
    assert report.total_seconds == pytest.approx(
        sum(seconds for _, _, seconds in report.steps), abs=0.1
    )
    assert next(look.name for look in report.looks) == "rows"
    assert not any(look.flaws for look in report.looks)
    assert books.databases() == before


@pytest.mark.long
def test_what_is_kept_is_there_and_what_a_killed_drill_left_is_gone(
    books: Shop, settings: Settings
) -> None:
    make_user()
    manifest = create_backup(verify="none")
    engine = get_engine()
    before = books.databases()
    with left_behind(books, manifest):
        assert books.databases() != before
        settings.RECOVERY_BUDGET = timedelta(milliseconds=1)
        found = told("recovery_drill", "--keep", code=1)
        assert set(books.databases()) == {*before, found["kept"]}
    assert found["state"] == SLOW
    assert found["why"].endswith("s, 0s are allowed")
    assert found["summary"].startswith(
        f"Drill slow: The backup {manifest.id} came back whole, but too late (it took "
    )
    assert found["kept"].startswith(engine.scratch_name)
    assert books.count("users", found["kept"]) == 1
    if books.engine == "postgresql":
        books.run(found["removal"], "postgres")
    else:
        subprocess.run(shlex.split(found["removal"]), check=True)
    assert books.databases() == before
    verdict = read_verdict(backup_storage(), manifest)
    assert verdict is not None
    assert (verdict.level, verdict.is_good) == ("restore", True)


@contextmanager
def left_behind(books: Shop, manifest: Manifest) -> Iterator[None]:
    """Have a scratch database there, as a killed trial leaves it."""
    engine = get_engine()
    source = dump_source(backup_storage(), manifest)
    name = engine.scratch_name
    with engine.drafted(source, name, like=manifest.contents, check=lambda _: None):
        yield


@pytest.mark.long
def test_a_drill_that_fails_does_not_hide_that_the_backup_is_stored(
    books: Shop, entries: list[journal.Entry]
) -> None:
    make_invoice()
    books.run("DELETE FROM outbox")
    with pytest.raises(DrillFailedError) as caught:
        create_backup_task.run(kind="full")
    (report,) = reports()
    assert caught.value.what == (
        f"The backup {report.backup_id} is stored; its drill did not pass."
    )
    assert caught.value.why == f"{report.what} {report.why}"
    assert report.state == FAILED
    assert report.why.startswith("books: system.outbox: event ")
    assert [look.name for look in report.looks if look.flaws] == ["books"]
    assert f"{report.backup_id}.manifest.json" in books.files()
    # It is a good copy of books that were wrong.
    (entry,) = list_entries(backup_storage())
    assert entry.state == COMPLETE
    assert entry.verdict is not None
    assert (entry.verdict.level, entry.verdict.is_good) == ("restore", True)
    assert (entries[-1].action, entries[-1].outcome) == ("backup.drill", "error")
    assert entries[-1].resource_id == report.backup_id
    with pytest.raises(DrillFailedError):
        require_passed(report)


def test_a_drill_of_a_damaged_backup_says_so_of_the_backup_too(books: Shop) -> None:
    for wanted in (LATEST, "stateset_x.dump"):
        with pytest.raises(BackupNotFoundError):
            recovery_drill(backup_id=wanted)
    assert reports() == []
    manifest = create_backup(verify="none")
    flip_bit(books.backup_folder / manifest.file_name)
    report = recovery_drill(reason="a look")
    assert (report.state, report.reason) == (FAILED, "a look")
    assert report.why.startswith("the stored file has the SHA-256 ")
    verdict = read_verdict(backup_storage(), manifest)
    assert verdict is not None
    assert (verdict.level, verdict.is_good, verdict.why) == (
        *("restore", False),
        report.why,
    )
    assert reports() == [report]
    (books.backup_folder / report.name).write_text("{}")
    assert reports() == []
