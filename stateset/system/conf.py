"""The only reader of settings in the system app; read when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from django.conf import settings

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Installation:
    """What kind of installation this is, as the checks and pages need it."""

    version: str
    in_production: bool
    debug: bool
    secret_key: str
    runs_tasks_inline: bool
    is_operation: bool


@dataclass(frozen=True)
class Doors:
    """Which addresses are trusted, and with what."""

    trusted_proxies: tuple[Network, ...]
    metrics_networks: tuple[Network, ...]


def project_root() -> Path:
    """Return what relative paths that people type start from."""
    root: Path = settings.BASE_DIR
    return root


def installation() -> Installation:
    """Return what kind of installation this is."""
    return Installation(
        version=settings.VERSION,
        in_production=settings.IN_PRODUCTION,
        debug=settings.DEBUG,
        secret_key=settings.SECRET_KEY,
        runs_tasks_inline=settings.CELERY_TASK_ALWAYS_EAGER,
        is_operation=settings.PROCESS == "operation",
    )


def doors() -> Doors:
    """Return which addresses are trusted."""
    return Doors(
        trusted_proxies=tuple(settings.TRUSTED_PROXIES),
        metrics_networks=tuple(settings.METRICS_ALLOWED_NETWORKS),
    )


def health_limit_seconds() -> float:
    """Return how long a readiness probe waits for the database."""
    return float(settings.HEALTH_LIMIT_SECONDS)


def static_path() -> str:
    """Return what the paths of static files begin with."""
    return str(settings.STATIC_URL)


def content_security_policy() -> str:
    """Return the policy of pages, which the admin theme decides."""
    return str(settings.CONTENT_SECURITY_POLICY)


def secret_keys() -> tuple[str, ...]:
    """Return the secret key, and the old ones that still count."""
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def keep_runs() -> timedelta:
    """Return how long what came of a run is kept."""
    span: timedelta = settings.KEEP_RUNS
    return span


def keep_events() -> timedelta:
    """Return how long events are kept."""
    span: timedelta = settings.KEEP_EVENTS
    return span


def keep_delivered() -> timedelta:
    """Return how long a message is kept after it was delivered."""
    span: timedelta = settings.KEEP_DELIVERED
    return span
