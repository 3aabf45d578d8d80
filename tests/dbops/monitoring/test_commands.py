from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dbops.management import watching
from tests.dbops.monitoring.holding import UPDATE, holding, waiting
from tests.dbops.shop import ALIAS, Shop
from tests.terminal import Terminal

DATED = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 "
COMMANDS = ("db_activity", "db_locks", "db_queries", "db_replication")
LONG_APP = "a program whose name is as long as a name of a program can be"


def output(*arguments: str, **options: Any) -> str:
    stdout = io.StringIO()
    call_command(*arguments, f"--database={ALIAS}", stdout=stdout, **options)
    return stdout.getvalue()


def values(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(*arguments, "--json"))
    return found


def exit_code(*arguments: str) -> tuple[Any, str]:
    stdout = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command(*arguments, f"--database={ALIAS}", stdout=stdout)
    return caught.value.code, stdout.getvalue()


def table(printed: str) -> list[str]:
    """Return the lines before the dated one."""
    lines = printed.splitlines()
    end = next(i for i, line in enumerate(lines) if re.match(DATED, line))
    return lines[:end]


@pytest.mark.usefixtures("roomy_disk")
def test_db_health_exits_with_the_worst_and_names_it(
    shop: Shop, backup_folder: Path
) -> None:
    code, printed = exit_code("db_health")
    assert code == 2
    lines = printed.splitlines()
    assert lines[0].split() == ["status", "check", "found"]
    assert re.match(DATED + "critical: migrations, last_backup, backup_ver", lines[-1])
    assert "    run backup, and see why the schedule did not" in lines
    assert max(map(len, table(printed))) <= 80


def test_db_health_prints_every_check_as_json(shop: Shop, backup_folder: Path) -> None:
    code, printed = exit_code("db_health", "--json")
    found = json.loads(printed)
    assert (code, found["status"]) == (2, "critical")
    backup = next(row for row in found["rows"] if row["check"] == "last_backup")
    assert backup == {
        "check": "last_backup",
        "status": "critical",
        "found": "there is none",
        "hint": "run backup, and see why the schedule did not",
        "value": None,
        "unit": "s",
    }


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "db_activity",
            "SQLite keeps no sessions: it has no server, each process opens the file",
        ),
        (
            "db_locks",
            "SQLite has one lock, on the whole file: one writer at a time, others wait",
        ),
        ("db_queries", "SQLite does not count what is run: APP__LOG_QUERIES logs it"),
        ("db_replication", "SQLite has no replicas: its backups are its copies"),
    ],
)
def test_what_sqlite_has_not_got_is_said_in_words(
    shop: Shop, command: str, words: str
) -> None:
    assert re.match(DATED + re.escape(words), output(command))


@pytest.mark.sqlite
def test_on_sqlite_there_is_no_session_to_end(shop: Shop) -> None:
    assert "SQLite has no sessions to end" in output("db_terminate", "1", "--reason=r")


@pytest.mark.postgresql
def test_db_activity_fits_on_eighty_columns(shop: Shop) -> None:
    long = f"{UPDATE} AND note <> '{'x' * 300}'"
    with holding(shop, LONG_APP, long):
        printed = output("db_activity")
    lines = table(printed)
    assert lines[0].split() == ["pid", "user", "app", "state", "lasts", "wait"]
    assert max(map(len, lines)) <= 80
    assert "    UPDATE orders SET note = ? WHERE id = ? AND note <> ?" in lines
    assert re.match(
        DATED + r"1 sessions \(1 idle in transaction\); \d+ of 197 connections",
        printed.splitlines()[-1],
    )


def sessions(*arguments: str) -> list[dict[str, Any]]:
    """Return the sessions of clients: the server's own vacuum comes when it likes."""
    return [row for row in values("db_activity", *arguments)["rows"] if row["user"]]


@pytest.mark.postgresql
def test_db_activity_takes_state_time_and_limit(shop: Shop) -> None:
    with holding(shop, "one"), holding(shop, "two", "SELECT 1"):
        assert len(sessions()) == 2
        assert len(values("db_activity", "--limit=1")["rows"]) == 1
        assert sessions("--longer-than=1h") == []
        assert sessions("--state=active") == []
        found = sessions("--text")
    assert (len(found), found[0]["query"]) == (2, UPDATE)


@pytest.mark.postgresql
def test_db_locks_shows_a_tree_and_how_to_end_its_root(shop: Shop) -> None:
    with holding(shop, "holder") as root, waiting(shop, "waiter") as leaf:
        printed = output("db_locks")
        found = values("db_locks")
    lines = printed.splitlines()
    assert max(map(len, table(printed))) <= 80
    assert re.match(rf"{root} +\w+ +idle in transaction +- +nobody", lines[1])
    assert re.match(rf"└ {leaf} +\w+ +active +\ds +row orders Share", lines[3])
    assert lines[-1] == f"python manage.py db_terminate {root} --reason TEXT --apply"
    assert found["root_pids"] == [root]
    assert found["rows"][1]["blocked_by"] == [root]


@pytest.mark.postgresql
def test_db_locks_without_a_wait(shop: Shop) -> None:
    assert re.fullmatch(DATED + "Nobody waits for a lock\n", output("db_locks"))


@pytest.mark.postgresql
def test_db_queries_tells_what_is_missing(shop: Shop) -> None:
    assert re.fullmatch(
        DATED + "No statements are shown: the extension pg_stat_statements is not in"
        " this database\nFor a DBA: CREATE EXTENSION pg_stat_statements\n",
        output("db_queries"),
    )


@pytest.mark.postgresql
def test_db_queries_fits_on_eighty_columns(shop: Shop) -> None:
    shop.run("CREATE EXTENSION pg_stat_statements")
    try:
        shop.run("SELECT count(*) FROM orders")
        lines = table(output("db_queries", "--by=mean", "--limit=3"))
    finally:
        shop.run("DROP EXTENSION pg_stat_statements")
    assert lines[0].split() == [
        *("share", "total_ms", "mean_ms", "max_ms", "calls", "rows")
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.postgresql
def test_db_replication_shows_slots(shop: Shop) -> None:
    name = f"seen_{shop.name[5:]}"
    shop.run(f"SELECT pg_create_physical_replication_slot('{name}', true)")
    try:
        printed = output("db_replication")
        found = values("db_replication")
    finally:
        shop.run(f"SELECT pg_drop_replication_slot('{name}')")
    assert "Slots" in printed.splitlines()
    assert name in [slot["slot"] for slot in found["slots"]]
    assert (found["is_replica"], found["receiver"]) == (False, None)
    assert max(map(len, table(printed))) <= 80


@pytest.mark.postgresql
def test_db_terminate_plans_then_does_and_exits_with_1_where_it_refused(
    shop: Shop,
) -> None:
    with holding(shop, "holder") as pid, holding(shop, "pg_dump", "SELECT 1") as dump:
        arguments = ("db_terminate", str(pid), str(dump), "--reason=it hangs")
        plan = output(*arguments)
        assert re.search(
            "Sessions: 1 to be ended, 1 refused; add --apply to do it$", plan.strip()
        )
        assert "    it is pg_dump: stop that program instead" in plan.splitlines()
        code, printed = exit_code(*arguments, "--apply")
    assert code == 1
    assert re.search("Sessions: 1 ended, 1 refused$", printed.strip())
    assert max(map(len, table(printed))) <= 80


def test_db_terminate_refuses_an_empty_filter(shop: Shop) -> None:
    with pytest.raises(CommandError) as caught:
        output("db_terminate", "--reason=r")
    assert caught.value.returncode == 2
    assert str(caught.value) == (
        "No session was ended.\n"
        "  why: neither a number nor a filter is given\n"
        "  fix: name the numbers that db_activity shows, or give --state and"
        " --older-than"
    )


@pytest.mark.parametrize("text", ["5", "5 s", "-5s", "1w"])
def test_a_time_span_has_a_unit(shop: Shop, text: str) -> None:
    with pytest.raises(CommandError) as caught:
        output("db_activity", f"--longer-than={text}")
    assert f"{text!r} is no time span, as 30s, 5m, 4h or 7d" in str(caught.value)


@pytest.mark.parametrize("command", COMMANDS)
def test_watching_takes_a_terminal(shop: Shop, command: str) -> None:
    with pytest.raises(CommandError) as caught:
        output(command, "--watch")
    assert caught.value.returncode == 2
    assert "--watch draws on a terminal, and this is none" in str(caught.value)


@pytest.mark.postgresql
def test_watching_redraws_until_it_is_interrupted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", nap)
    terminal = Terminal()
    call_command("db_locks", "--watch", f"--database={ALIAS}", stdout=terminal)
    assert terminal.getvalue().count(f"{watching.CLEAR}Nobody waits") == 2
    assert naps == [2.0, 2.0]
