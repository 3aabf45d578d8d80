"""The only reader of settings in dbops; everything is read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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

SHORTEST_SECRET = 6
"""What is shorter is left alone in messages: it would take their words away."""


@dataclass(frozen=True)
class Webhook:
    """Where messages are posted, and the key that they are signed with, if any."""

    url: str
    key: str


def engine_options() -> Options:
    """Return what the engines need to know of this project."""
    return Options(
        client_folders=tuple(Path(folder) for folder in settings.PG_BIN),
        runtime_tables=RUNTIME_TABLES,
        project_root=settings.BASE_DIR,
        backup_jobs=settings.BACKUP_JOBS,
        restore_jobs=max(Options.restore_jobs, settings.BACKUP_JOBS),
    )


def drill_database() -> Mapping[str, Any]:
    """Return where restores are tried out, as an entry of DATABASES; nothing: here."""
    database: Mapping[str, Any] = settings.DRILL_DATABASE
    return database


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


def has_own_keys(location: str) -> bool:
    """Tell whether a bucket is opened by other keys than those of all."""
    options = settings.STORAGES[settings.BACKUP_LOCATIONS[location]]["OPTIONS"]
    return bool(options.get("access_key"))


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


def mail_to() -> list[str]:
    """Return who is told by mail when something is wrong."""
    return [address for _name, address in settings.ADMINS]


def mail_from() -> str:
    """Return who such a mail is from."""
    return str(settings.SERVER_EMAIL)


def webhook() -> Webhook:
    """Return where programs are told; its URL is "" where none is."""
    return Webhook(settings.TELLING.hook, settings.TELLING.key)


def ping_url() -> str:
    """Return what is called after each backup, "" for nothing."""
    return str(settings.TELLING.ping)


def secrets() -> frozenset[str]:
    """Return what must not stand in any message."""
    databases: list[Mapping[str, Any]]
    databases = [*settings.DATABASES.values(), drill_database()]
    storages: Mapping[str, Mapping[str, Any]] = settings.STORAGES
    known = [
        *(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS),
        *(each.get("PASSWORD") for each in databases),
        *(each.get("OPTIONS", {}).get("secret_key") for each in storages.values()),
        *(value for name, value in recovery_variables().items() if "SECRET" in name),
        *signing_keys().values(),
        settings.EMAIL_HOST_PASSWORD,
        *(settings.TELLING.key, settings.TELLING.hook, settings.TELLING.ping),
        urlsplit(settings.REDIS_URL).password,
    ]
    # A password that is a name is no secret, and names are what is told of.
    names = {each.get(key) for each in databases for key in ("NAME", "USER")}
    return frozenset(
        value
        for value in known
        if value and len(value) >= SHORTEST_SECRET and value not in names
    )
