"""The only reader of settings in dbops; everything is read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from dbops.engines.options import Options
from dbops.engines.tuning import Pool
from stateset.lib.schedule import Entry

PROJECT = "stateset"
RUNTIME_TABLES = (
    "dbops_scheduled_runs",
    "dbops_health_samples",
    "dbops_restore_requests",
)
"""What is true of this installation now: a restore must not bring its past back.

The tables are in every dump, their rows in none.
"""


def engine_options() -> Options:
    """Return what the engines need to know of this project."""
    return Options(
        client_folders=tuple(Path(folder) for folder in settings.PG_BIN),
        runtime_tables=RUNTIME_TABLES,
        project_root=settings.BASE_DIR,
    )


def environment() -> str:
    """Return which installation this is: development, production or test."""
    return str(settings.ENVIRONMENT)


def project_root() -> Path:
    """Return the folder of the project."""
    return Path(settings.BASE_DIR)


def app_version() -> str:
    """Return the version of this project."""
    return str(settings.VERSION)


def code_revision() -> str:
    """Return which commit of the code this is, or nothing where nobody knows."""
    return str(settings.REVISION)


def retention_days(location: str) -> int:
    """Return how many days back all backups are kept at one location."""
    return int(settings.BACKUP_RETENTION_DAYS.get(location, settings.RETENTION_DAYS))


def retention_counts(location: str) -> Mapping[str, int]:
    """Return how many last, daily, weekly … ones are kept beside at one location."""
    own: Mapping[str, int] = settings.BACKUP_LOCATION_KEEP.get(location, {})
    return {**settings.BACKUP_KEEP, **own}


def backup_locations() -> Mapping[str, str]:
    """Return the locations of backups by name, and which of STORAGES each is."""
    aliases: Mapping[str, str] = settings.BACKUP_LOCATIONS
    return aliases


def signing_keys() -> Mapping[str, str]:
    """Return the keys of manifests by name; the first one signs."""
    keys: Mapping[str, str] = settings.BACKUP_SIGNING_KEYS
    return keys


def age_recipients() -> tuple[str, ...]:
    """Return the public keys that backups are encrypted for."""
    return tuple(settings.BACKUP_AGE_RECIPIENTS)


def age_identity() -> Path | None:
    """Return the file with the key that opens encrypted backups, if it is here."""
    path = settings.BACKUP_AGE_IDENTITY_FILE
    return Path(path) if path else None


def recovery_variables() -> Mapping[str, str]:
    """Return what is set here that another machine needs to read the backups."""
    variables: Mapping[str, str] = settings.RECOVERY_KIT_SECRETS
    return variables


def recovery_budget() -> timedelta:
    """Return how long bringing the database back may take."""
    span: timedelta = settings.RECOVERY_BUDGET
    return span


def auto_migrate() -> bool:
    """Return whether a development server migrates when it starts."""
    return bool(settings.AUTO_MIGRATE)


def pool() -> Pool:
    """Return the limits of the connection pool of each web process."""
    limits: Pool = settings.DATABASE_POOL
    return limits


def is_behind_pooler() -> bool:
    """Return whether PgBouncer stands before the server."""
    return bool(settings.DATABASE_PGBOUNCER)


def query_log() -> tuple[bool, float, bool]:
    """Return whether all are logged, from how many seconds on, and with values.

    From 0 seconds on is never.
    """
    return (
        bool(settings.LOG_QUERIES),
        settings.SLOW_QUERY.total_seconds(),
        not settings.IN_PRODUCTION,
    )


def web_processes() -> int:
    """Return how many web processes share the server's connections."""
    return int(settings.WEB_PROCESSES)


def schedule() -> tuple[Entry, ...]:
    """Return the entries of the schedule, as this installation has them."""
    entries: tuple[Entry, ...] = settings.SCHEDULE
    return entries


def has_workers() -> bool:
    """Return whether tasks go to workers; else they run where they are sent."""
    return not settings.CELERY_TASK_ALWAYS_EAGER


def keep_samples() -> timedelta:
    """Return how long what the checks of health said is kept."""
    span: timedelta = settings.KEEP_SAMPLES
    return span


def keep_runs() -> timedelta:
    """Return how long the runs of the schedule are kept."""
    span: timedelta = settings.KEEP_RUNS
    return span
