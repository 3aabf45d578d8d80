"""Where the database is, as the environment says it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from dbops.engines.configuration import BY_SCHEME
from dbops.engines.tuning import Tuning
from stateset.env import env_secret, env_str

URL, DRILL_URL = "APP__DATABASE_URL", "APP__DRILL_DATABASE_URL"
DEFAULT_URL = "sqlite://stateset.db?mode=rwc"
SCHEMES = "postgres://, postgresql:// and sqlite://"


def read_database(root: Path, tuning: Tuning) -> dict[str, Any]:
    """Return the ``DATABASES`` entry that the environment asks for.

    ``APP__DATABASE_URL`` or the ``DB_…`` variables name it; where both do, they
    must agree. ``DB_PASSWORD`` completes a URL without a password.
    """
    url = env_secret(URL)
    parts = _read_parts()
    if parts and not url:
        engine = _engine_of_parts(parts)
        database: dict[str, Any] = engine.database_from_parts(parts, root=root)
    else:
        engine, rest = _split(url or DEFAULT_URL)
        database = engine.database_from_url(rest, root=root)
        if parts:
            _complete(database, engine, parts, root=root)
    engine.tune(database, tuning)
    return database


def read_drill_database(root: Path, tuning: Tuning, like: str) -> dict[str, Any]:
    """Return where restores are tried out, as a ``DATABASES`` entry; none if unset.

    It is of the engine that is ``like`` the live database's.
    """
    url = env_secret(DRILL_URL)
    if not url:
        return {}
    try:
        engine, rest = _split(url)
        database: dict[str, Any] = engine.database_from_url(rest, root=root)
    except ImproperlyConfigured as error:
        # An engine knows one variable only.
        raise ImproperlyConfigured(str(error).replace(URL, DRILL_URL)) from error
    if database["ENGINE"] != like:
        raise ImproperlyConfigured(
            f"{DRILL_URL} is of another engine than the database: allowed is one that"
            " its backups can be restored on."
        )
    engine.tune(database, tuning)
    return database


def _read_parts() -> dict[str, str]:
    parts = {
        "DB_TYPE": env_str("DB_TYPE"),
        "DB_HOST": env_str("DB_HOST"),
        "DB_PORT": env_str("DB_PORT"),
        "DB_USER": env_str("DB_USER"),
        "DB_PASSWORD": env_secret("DB_PASSWORD"),
        "DB_NAME": env_str("DB_NAME"),
    }
    return {name: value for name, value in parts.items() if value}


def _split(url: str) -> tuple[ModuleType, str]:
    scheme, colon, rest = url.partition(":")
    if colon and scheme in BY_SCHEME:
        return BY_SCHEME[scheme], rest
    # Anything that is no URL is not shown: it may be a password gone astray.
    seen = f"the scheme {scheme!r}" if rest.startswith("//") else "no scheme"
    raise ImproperlyConfigured(f"APP__DATABASE_URL has {seen}: allowed are {SCHEMES}.")


def _engine_of_parts(parts: dict[str, str]) -> ModuleType:
    kind = parts.get("DB_TYPE", "")
    if kind in BY_SCHEME:
        return BY_SCHEME[kind]
    seen = f"is {kind!r}" if kind else f"is not set, but {next(iter(parts))} is"
    raise ImproperlyConfigured(
        f"DB_TYPE {seen}: allowed is one of {', '.join(BY_SCHEME)}."
    )


def _complete(
    database: dict[str, Any],
    engine: ModuleType,
    parts: dict[str, str],
    *,
    root: Path,
) -> None:
    """Refuse ``DB_…`` variables that name another place than the URL does."""
    if "DB_TYPE" in parts and _engine_of_parts(parts) is not engine:
        raise _differ("DB_TYPE")
    # What is not told is not compared, but an engine may not do without a name.
    told = engine.database_from_parts({"DB_NAME": "none", **parts}, root=root)
    if not database.get("PASSWORD"):
        database["PASSWORD"] = parts.get("DB_PASSWORD", "")
    for name in parts:
        key = name.removeprefix("DB_")
        if key in database and told.get(key) != database[key]:
            raise _differ(name)


def _differ(name: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"APP__DATABASE_URL and {name} name different databases: "
        "set only one of them, or make them agree."
    )
