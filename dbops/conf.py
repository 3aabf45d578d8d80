"""The only reader of settings in dbops; everything is read when it is asked for."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from django.conf import settings

from dbops.engines.base import Options
from dbops.engines.tuning import Pool

PROJECT = "stateset"
FALLBACK_VERSION = "unknown"


def engine_options() -> Options:
    """Return what the engines need to know of this project.

    PG_BIN names folders of PostgreSQL's programs, as PATH does.
    """
    folders = os.environ.get("PG_BIN", "").split(os.pathsep)
    return Options(
        client_folders=tuple(Path(folder) for folder in folders if folder),
        project_root=settings.BASE_DIR,
    )


def environment() -> str:
    """Return which installation this is: development, production or test."""
    return str(settings.ENVIRONMENT)


def app_version() -> str:
    """Return the version of this project, as pyproject.toml has it."""
    try:
        text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return FALLBACK_VERSION
    return str(tomllib.loads(text)["project"]["version"])


def auto_migrate() -> bool:
    """Return whether a development server migrates when it starts."""
    return bool(settings.AUTO_MIGRATE)


def pool() -> Pool:
    """Return the limits of the connection pool of each web process."""
    limits: Pool = settings.DATABASE_POOL
    return limits


def web_processes() -> int:
    """Return how many web processes share the server's connections."""
    return int(settings.WEB_PROCESSES)
