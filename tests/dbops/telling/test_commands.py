"""A command that cron starts: who is told, and what somebody outside misses."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class

from dbops.telling.pinging import fail_url
from tests.dbops.shop import ALIAS, Shop
from tests.services.inbox import Inbox
from tests.stateset.programs import manage
from tests.terminal import Terminal


@pytest.mark.long
@pytest.mark.sqlite
def test_a_backup_by_cron_tells_and_pings(inbox: Inbox, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    variables = {
        "APP__DATABASE_URL": f"sqlite:///{file}?mode=rw",
        "APP__EMAIL_URL": f"smtp://127.0.0.1:{inbox.mail_port}",
        "APP__ADMINS": "ann@shop.example, bob@shop.example",
        "APP__BACKUP_PING_URL": f"{inbox.web_url}/ping/abc?create=1",
        "BACKUP_DIR": str(tmp_path / "backups"),
    }
    run = manage("backup", folder=tmp_path, **variables)
    assert run.returncode == 1, run.stderr
    (mail,) = inbox.mails
    assert mail["subject"] == "[StateSet development] backup failed"
    assert mail["to"] == ["ann@shop.example", "bob@shop.example"]
    assert mail["from"] == "ann@shop.example"
    assert f"  why: there is no file {file}\n" in mail["body"]
    run = manage("db_health", folder=tmp_path, **variables)
    assert run.returncode == 2, run.stderr
    assert inbox.mails[1]["subject"].endswith("] answers is critical and 1 more")
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE goods (id INTEGER PRIMARY KEY)")
    run = manage("backup", folder=tmp_path, **variables)
    assert run.returncode == 0, run.stderr
    assert inbox.mails[2]["subject"].endswith("] backup is well again")
    assert [(each["method"], each["path"]) for each in inbox.requests] == [
        ("GET", "/ping/abc/fail?create=1"),
        ("GET", "/ping/abc?create=1"),
    ]


@pytest.fixture
def run(shop: Shop) -> Callable[..., None]:
    """Run a command on the shop as cron does, whatever comes of it."""

    def ended(name: str, *arguments: str) -> None:
        command: Any = load_command_class("dbops", name)
        command._called_from_command_line = True
        with suppress(CommandError, SystemExit):
            call_command(command, *arguments, database=ALIAS, stdout=StringIO())

    return ended


def test_only_what_cron_has_done_is_told_and_called_over(
    shop: Shop,
    run: Callable[..., None],
    subjects: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop.backup_folder.touch()
    run("prune_backups")
    run("list_backups")
    with monkeypatch.context() as at_a_terminal:
        at_a_terminal.setattr(sys, "stderr", Terminal())
        run("prune_backups", "--apply")
    assert subjects() == []
    run("prune_backups", "--apply")
    run("list_backups", "--copy-missing")
    failed = ["prune_backups of shop failed", "list_backups of shop failed"]
    assert subjects() == failed
    shop.backup_folder.unlink()
    run("prune_backups")
    run("list_backups")
    with monkeypatch.context() as at_a_terminal:
        at_a_terminal.setattr(sys, "stderr", Terminal())
        run("prune_backups", "--apply")
    assert subjects() == failed
    run("list_backups", "--copy-missing")
    run("prune_backups", "--apply")
    assert subjects() == [
        *failed,
        "list_backups of shop is well again",
        "prune_backups of shop is well again",
    ]


def test_a_dump_that_goes_well_says_nothing_of_the_weekly_backup(
    shop: Shop, run: Callable[..., None], subjects: Callable[[], list[str]]
) -> None:
    shop.backup_folder.touch()
    run("backup", "--kind=full")
    shop.backup_folder.unlink()
    run("backup", "--verify=none")
    assert subjects() == ["backup --kind full of shop failed"]


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("restore", {"dry_run": True}),
        ("vacuum", {"plan": True}),
        ("purge_records", {"apply": False}),
    ],
)
def test_a_plan_is_no_run(name: str, shows: dict[str, bool]) -> None:
    command: Any = load_command_class("dbops", name)
    assert not command.acts(**shows)
    assert command.acts(**{option: not value for option, value in shows.items()})


def test_the_address_of_a_failure_is_beside_that_of_a_success() -> None:
    assert fail_url("https://hc.example/ping/a/") == "https://hc.example/ping/a/fail"
