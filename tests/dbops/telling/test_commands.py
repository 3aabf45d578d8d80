"""A command that cron starts: who is told, and what somebody outside misses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbops.telling.pinging import fail_url
from tests.services.inbox import Inbox
from tests.stateset.programs import manage


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


def test_the_address_of_a_failure_is_beside_that_of_a_success() -> None:
    assert fail_url("https://hc.example/ping/a/") == "https://hc.example/ping/a/fail"
