"""Every line of deploy/crontab, run as cron runs it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections

from tests.deploy.crontab import Machine, read_crontab

GUIDE = {
    "0 2 * * *": "backup --reason daily",
    "0 3 * * 0": "backup --kind full --reason weekly",
    "0 */4 * * *": 'backup --reason "every 4 hours"',
}


def test_the_guides_lines_are_there_with_our_commands() -> None:
    _, entries = read_crontab()
    lines = {entry.when: entry.command for entry in entries}
    for when, command in GUIDE.items():
        assert lines[when] == f'"$STATESET/deploy/manage" {command} >>"$LOG" 2>&1'


def test_what_the_guides_cleaning_did_is_done_each_night() -> None:
    _, entries = read_crontab()
    names = {entry.name for entry in entries if entry.when.endswith("* * *")}
    assert {"prune_backups", "purge_records", "vacuum", "db_health"} <= names


@pytest.mark.sqlite
@pytest.mark.exhaustive
@pytest.mark.long
@pytest.mark.django_db
def test_every_line_runs_with_an_empty_environment_from_the_root(
    tmp_path: Path,
) -> None:
    file = tmp_path / "shop.db"
    test_database = connections["default"].settings_dict["NAME"]
    with closing(sqlite3.connect(test_database)) as source:
        source.execute("VACUUM INTO ?", [str(file)])
    machine = Machine(tmp_path, f"sqlite:///{file}?mode=rw")
    machine.install()
    _, entries = read_crontab()
    troubles = [trouble for each in entries if (trouble := machine.trouble_of(each))]
    assert not troubles, "\n".join(troubles)
    assert list((tmp_path / "backups").glob("stateset_*.manifest.json"))
