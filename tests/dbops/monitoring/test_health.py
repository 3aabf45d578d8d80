from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from dbops.backups.catalogue import Verdict, write_verdict
from dbops.backups.storage import backup_storage
from dbops.engines.verbs.activity.health import Reading
from dbops.monitoring.health import SETTING, collect_health
from dbops.monitoring.results import CheckResult, Status, worst_status
from dbops.monitoring.rules import RULES, judge
from tests.dbops.builders import store_backup
from tests.dbops.damage import cut_off
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.monitoring.holding import holding, waiting
from tests.dbops.shop import ALIAS, Shop

FIRST = "stateset_20261121_020000"
MIB = 1024**2


def found(alias: str = ALIAS) -> dict[str, CheckResult]:
    return {result.name: result for result in collect_health(alias)}


@contextmanager
def elsewhere(name: str) -> Iterator[None]:
    """Have the shop's alias name a database that is not there."""
    settings = connections[ALIAS].settings_dict
    kept = settings["NAME"]
    settings["NAME"] = name
    try:
        yield
    finally:
        settings["NAME"] = kept


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], "unknown"),
        (["ok", "ok"], "ok"),
        (["ok", "unknown"], "unknown"),
        (["unknown", "warning"], "warning"),
        (["warning", "critical", "unknown"], "critical"),
    ],
)
def test_the_worst_wins(statuses: list[Status], worst: Status) -> None:
    results = [CheckResult("x", status, "") for status in statuses]
    assert worst_status(results) == worst


@pytest.mark.parametrize(
    ("reading", "status", "message"),
    [
        (
            Reading("connections", 0.8, {"used": 80, "limit": 100}),
            "warning",
            "80 of 100 are used (80%)",
        ),
        (
            Reading("connections", 0.95, {"used": 95, "limit": 100}),
            "critical",
            "95 of 100 are used (95%)",
        ),
        (Reading("longest_transaction", 299.0), "ok", "open for 4m"),
        (Reading("longest_transaction", 1800.0), "critical", "open for 30m"),
        (
            Reading("cache_hit", 0.5, {"blocks": 100, "since": "since it was made"}),
            "ok",
            "50.0% of 100 blocks came from shared buffers, since it was made",
        ),
        (
            Reading("cache_hit", 0.5, {"blocks": 10**6, "since": "since 2026-11-01"}),
            "warning",
            "50.0% of 1000000 blocks came from shared buffers, since 2026-11-01",
        ),
        (
            Reading("wraparound_xid", 0.75, {"age": 1, "database": "old"}),
            "critical",
            "75.0% of all numbers used, oldest in old",
        ),
        (
            Reading("dead_rows", 2, {"names": "carts, orders"}),
            "warning",
            "2 tables are overdue for vacuum: carts, orders",
        ),
        (
            Reading("database_disk", 0.04, {"free_bytes": MIB, "folder": "/srv"}),
            "critical",
            "1.0 MiB free (4%) in /srv",
        ),
        (
            Reading("freelist", 0.9, {"free_bytes": 63 * MIB}),
            "ok",
            "90% of the file is empty (63.0 MiB)",
        ),
        (
            Reading("freelist", 0.9, {"free_bytes": 64 * MIB}),
            "warning",
            "90% of the file is empty (64.0 MiB)",
        ),
        (Reading("deadlocks", None, why="hidden"), "unknown", "hidden"),
    ],
)
def test_a_figure_is_judged(reading: Reading, status: Status, message: str) -> None:
    result = judge(reading)
    assert (result.status, result.message) == (status, message)
    assert bool(result.hint) == (status in {"warning", "critical"})


def test_every_limit_has_a_hint() -> None:
    assert [
        name
        for name, rule in RULES.items()
        if (rule.warning is not None or rule.critical is not None) and not rule.hint
    ] == []


@pytest.mark.usefixtures("roomy_disk")
@pytest.mark.postgresql
def test_a_sound_server_is_found_sound(shop: Shop, backup_folder: Path) -> None:
    results = found()
    bad = {result.name for result in results.values() if result.status != "ok"}
    # The server of the tests does without fsync; the shop's code is another's.
    assert bad == {
        "migrations",
        "last_backup",
        "backup_verified",
        "recovery_drill",
        "recovery_time",
        f"{SETTING}fsync",
        f"{SETTING}full_page_writes",
    }
    advice = results[f"{SETTING}autovacuum_analyze_scale_factor"]
    assert advice == CheckResult(
        f"{SETTING}autovacuum_analyze_scale_factor",
        "ok",
        "0.1, advised 0.05: the planner learns of 5 % changed rows",
        hint="ALTER SYSTEM SET autovacuum_analyze_scale_factor = '0.05'; then SELECT"
        " pg_reload_conf()",
    )
    assert results[f"{SETTING}autovacuum"] == CheckResult(
        f"{SETTING}autovacuum", "ok", "on"
    )
    fsync = results[f"{SETTING}fsync"]
    assert (fsync.status, fsync.message) == (
        "warning",
        "off, advised on: a crash of the machine destroys the database",
    )
    assert list(results)[-1].startswith(SETTING)


@pytest.mark.postgresql
def test_who_waits_is_counted(shop: Shop, backup_folder: Path) -> None:
    with holding(shop, "holder"), waiting(shop, "waiter"):
        results = found()
    assert results["blocked_sessions"].value == 1
    assert results["idle_in_transaction"].message.startswith("1 sessions")
    longest = results["longest_transaction"].value
    assert longest is not None
    assert 0 < longest < 60


@pytest.mark.postgresql
def test_an_invalid_index_is_named(shop: Shop, backup_folder: Path) -> None:
    shop.run("CREATE TABLE twice AS SELECT 1 AS id FROM generate_series(1, 2)")
    try:
        with pytest.raises(Exception, match="could not create unique index"):
            shop.run('CREATE UNIQUE INDEX CONCURRENTLY "Twice" ON twice (id)')
        assert found()["invalid_indexes"].message == "1: Twice"
    finally:
        shop.run("DROP TABLE twice")


@pytest.mark.postgresql
def test_dead_rows_that_nobody_clears_are_named(
    shop: Shop, backup_folder: Path
) -> None:
    shop.run(
        "CREATE TABLE churned (id int) WITH (autovacuum_enabled = off,"
        " autovacuum_vacuum_threshold = 5, autovacuum_vacuum_scale_factor = 0)"
    )
    try:
        shop.run("INSERT INTO churned SELECT generate_series(1, 20)")
        shop.run("DELETE FROM churned")
        message = found()["dead_rows"].message
    finally:
        shop.run("DROP TABLE churned")
    assert message == "1 tables are overdue for vacuum: churned"


@pytest.mark.postgresql
def test_to_a_role_without_rights_what_is_hidden_is_unknown(
    shop: Shop, plain_role: str, backup_folder: Path
) -> None:
    results = found(PLAIN)
    unknown = {result.name for result in results.values() if result.status == "unknown"}
    assert unknown == {"longest_transaction", "idle_in_transaction", "migrations"}
    assert results["longest_transaction"].message == (
        f"other roles' sessions are hidden; GRANT pg_monitor TO {plain_role}"
    )
    assert results["migrations"].message == (
        "permission denied for table django_migrations"
    )
    assert results[f"{SETTING}shared_preload_libraries"].message == "hidden"


@pytest.mark.usefixtures("roomy_disk")
@pytest.mark.sqlite
def test_a_sound_file_is_found_sound(shop: Shop, backup_folder: Path) -> None:
    results = found()
    assert [name for name in results if results[name].status != "ok"] == [
        "migrations",
        "last_backup",
        "backup_verified",
        "recovery_drill",
        "recovery_time",
    ]
    assert results["journal_mode"].message == "wal"
    assert results["quick_check"].message == "0 damaged places"
    assert results["busy_timeout"].message == "a writer waits up to 20 s"
    assert results["file_size"].unit == "bytes"


@pytest.mark.sqlite
def test_a_row_that_points_to_nothing_is_found(shop: Shop, backup_folder: Path) -> None:
    shop.run("INSERT INTO orders VALUES (999, 'x', 77)")
    try:
        result = found()["foreign_keys"]
    finally:
        shop.run("DELETE FROM orders WHERE id = 999")
    assert (result.status, result.message) == (
        "critical",
        "1 rows point to nothing: orders",
    )


@pytest.mark.sqlite
def test_a_journal_that_makes_readers_wait_is_warned_of(
    shop: Shop, backup_folder: Path
) -> None:
    shop.run("PRAGMA journal_mode = DELETE")
    try:
        result = found()["journal_mode"]
    finally:
        shop.run("PRAGMA journal_mode = WAL")
    assert (result.status, result.message) == ("warning", "delete")


def test_a_database_that_does_not_answer_is_critical_and_no_fault(
    shop: Shop, backup_folder: Path
) -> None:
    with elsewhere(shop.new_name()):
        results = found()
    assert list(results) == [
        *("answers", "last_backup", "backup_verified"),
        *("recovery_drill", "recovery_time", "backup_disk"),
    ]
    assert results["answers"].status == "critical"
    assert results["answers"].message.startswith("no: ")
    assert "APP__DATABASE_URL" in results["answers"].hint


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(hours=25), "ok"),
        (timedelta(hours=27), "warning"),
        (timedelta(days=3), "critical"),
    ],
)
def test_the_last_backup_is_judged_by_its_age(
    shop: Shop, backup_folder: Path, age: timedelta, status: Status
) -> None:
    store_backup(backup_storage(), FIRST, alias=ALIAS, started_at=timezone.now() - age)
    result = found()["last_backup"]
    assert result.status == status
    assert result.message.endswith(f" ago: {FIRST}")


def test_newer_backups_that_cannot_be_used_are_a_warning(
    shop: Shop, backup_folder: Path
) -> None:
    storage, now = backup_storage(), timezone.now()
    store_backup(storage, FIRST, alias=ALIAS, started_at=now)
    for stem in ("stateset_20261122_020000", "stateset_20261123_020000"):
        store_backup(storage, stem, alias=ALIAS)
        cut_off(backup_folder / f"{stem}.dump")
    killed = backup_folder / "stateset_20261124_020000.dump.zst"
    killed.write_bytes(b"half of it")
    # Another program's dump, and what was spoilt before the good one, are no news.
    (backup_folder / "stateset_20261125_020000.sql").write_bytes(b"-- all of it")
    store_backup(storage, "stateset_20261120_020000", alias=ALIAS)
    cut_off(backup_folder / "stateset_20261120_020000.dump")

    being_made = found()["last_backup"]
    assert being_made.status == "warning"
    assert being_made.message.endswith(f" ago: {FIRST}; newer ones: 2 damaged")

    two_hours_ago = (now - timedelta(hours=2)).timestamp()
    os.utime(killed, (two_hours_ago, two_hours_ago))
    result = found()["last_backup"]
    assert result.status == "warning"
    assert result.message.endswith(
        f" ago: {FIRST}; newer ones: 2 damaged, 1 incomplete"
    )
    assert result.hint == "see why with list_backups"


def test_a_backup_being_made_is_no_warning(shop: Shop, backup_folder: Path) -> None:
    store_backup(backup_storage(), FIRST, alias=ALIAS, started_at=timezone.now())
    (backup_folder / "stateset_20261124_020000.dump.zst").write_bytes(b"half of it")
    assert found()["last_backup"].status == "ok"


@pytest.mark.parametrize(
    ("level", "age", "status", "message"),
    [
        ("decode", timedelta(days=7), "ok", "decoded 7d ago"),
        ("decode", timedelta(days=9), "warning", "decoded 9d ago"),
        ("hash", timedelta(0), "warning", "none has been decoded"),
    ],
)
def test_a_backup_counts_as_proven_when_it_was_decoded(
    shop: Shop,
    backup_folder: Path,
    level: str,
    age: timedelta,
    status: Status,
    message: str,
) -> None:
    manifest = store_backup(backup_storage(), FIRST, alias=ALIAS)
    write_verdict(
        backup_storage(),
        FIRST,
        Verdict(
            level,
            is_good=True,
            verified_at=timezone.now() - age,
            stored_sha256=manifest.stored.sha256,
        ),
    )
    result = found()["backup_verified"]
    assert (result.status, result.message) == (status, message)


def test_backups_that_cannot_be_listed_are_unknown(
    shop: Shop, backup_folder: Path
) -> None:
    backup_folder.touch()
    assert found()["last_backup"].status == "unknown"
    assert found()["last_backup"].message.startswith("The backups were not listed.")
    assert found()["recovery_drill"].status == "unknown"
