"""What is done on a schedule, when (UTC), and how long it may take: one table.

An entry is moved or switched off by ``APP__SCHEDULE_<NAME>``, a crontab line or
``off``; nothing is scheduled anywhere else. Beat is told of it by
``stateset.celery``, ``dbops`` by the settings.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from stateset.env import env_crontab
from stateset.lib.schedule import Entry

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


def read_schedule() -> tuple[Entry, ...]:
    """Return the entries in the order people read them, as this installation has them.

    The weekly backup stands in for the daily one of its night, and any backup for
    another one at the same time.
    """
    return (
        _entry(
            "backup-4-hourly",
            "0 */4 * * *",
            "dbops.create_backup",
            "backs up the database and verifies the backup",
            2 * HOURS,
            gives_way_to={"backup-daily": 30 * MINUTES, "backup-weekly": 30 * MINUTES},
        ),
        _entry(
            "backup-daily",
            "0 2 * * *",
            "dbops.create_backup",
            "backs up the database for the day",
            2 * HOURS,
            gives_way_to={"backup-weekly": 2 * HOURS},
        ),
        _entry(
            "backup-weekly",
            "0 3 * * 0",
            "dbops.create_backup",
            "makes the full backup of the week and tries a restore of it",
            3 * HOURS,
            arguments={"kind": "full"},
        ),
        _entry(
            "prune",
            "0 5 * * *",
            "dbops.prune_backups",
            "deletes the backups that no rule keeps",
            1 * HOURS,
        ),
        _entry(
            "verify",
            "30 6 * * *",
            "dbops.verify_backup",
            "reads the newest backup to its end, as a restore would",
            2 * HOURS,
        ),
        _entry(
            "vacuum",
            "0 1 * * 0",
            "dbops.vacuum_database",
            "vacuums and analyzes every table",
            4 * HOURS,
        ),
        _entry(
            "purge",
            "30 0 * * *",
            "dbops.purge_records",
            "deletes rows whose time is over",
            2 * HOURS,
        ),
        _entry(
            "expire",
            "*/10 * * * *",
            "system.expire_records",
            "ends carts, unpaid orders, reservations and more whose time ran out",
            10 * MINUTES,
        ),
        _entry(
            "health",
            "*/5 * * * *",
            "dbops.sample_health",
            "checks the database and keeps what it found",
            5 * MINUTES,
        ),
        _entry(
            "integrity",
            "30 3 * * *",
            "system.check_integrity",
            "proves the books and names each row that breaks a rule",
            1 * HOURS,
        ),
        _entry(
            "seal",
            "20 * * * *",
            "system.seal_log",
            "seals what was added to the audit log, the events and the ledgers",
            30 * MINUTES,
        ),
    )


def variable_of(name: str) -> str:
    """Return what moves the entry of this name, or switches it off."""
    return f"APP__SCHEDULE_{name.upper().replace('-', '_')}"


def _entry(
    name: str, line: str, task: str, what: str, limit: timedelta, **more: Any
) -> Entry:
    crontab = env_crontab(variable_of(name), line)
    return Entry(name, task, crontab, what, limit, **more)
