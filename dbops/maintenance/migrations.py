"""Where a database stands: which migrations are applied, waiting, unknown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations import Migration
from django.db.migrations.exceptions import AmbiguityError, InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from dbops import conf
from dbops.engines.registry import get_engine
from dbops.errors import MigrationRefusedError
from stateset.lib.errors import UsageError

Key = tuple[str, str]

ZERO = "zero"
"""In place of a migration's name: none of the app, as Django says it."""


@dataclass(frozen=True)
class AppStatus:
    """The migrations of one app, in the order they are or will be applied."""

    app: str
    applied: tuple[str, ...]
    waiting: tuple[str, ...]
    unknown: tuple[str, ...]


def read_status(alias: str = DEFAULT_DB_ALIAS) -> list[AppStatus]:
    """Return each app's migrations; the unknown ones are of a newer release."""
    get_engine(alias).require_database()
    loader = MigrationLoader(connections[alias])
    applied = set(loader.applied_migrations)
    ordered = in_order(loader)
    unknown = sorted(applied - set(loader.disk_migrations))
    labels = sorted({app for app, _ in [*ordered, *unknown]})
    return [
        AppStatus(
            label,
            applied=_names(label, (key for key in ordered if key in applied)),
            waiting=_names(label, (key for key in ordered if key not in applied)),
            unknown=_names(label, unknown),
        )
        for label in labels
    ]


def own_apps() -> set[str]:
    """Return the labels of the project's own apps, whose migrations are ours."""
    root, installed = conf.project_root(), Path(sys.prefix).resolve()
    return {
        config.label
        for config in apps.get_app_configs()
        if (path := Path(config.path).resolve()).is_relative_to(root.resolve())
        and not path.is_relative_to(installed)
    }


def label_of(key: Key | Migration) -> str:
    """Return a migration as people write it: ``orders.0002_total``."""
    app, name = key if isinstance(key, tuple) else (key.app_label, key.name)
    return f"{app}.{name}"


def make_executor(alias: str) -> MigrationExecutor:
    """Return Django's executor over a history that makes sense; or refuse."""
    connection = connections[alias]
    executor = MigrationExecutor(connection)
    if conflicts := executor.loader.detect_conflicts():
        app, names = next(iter(conflicts.items()))
        raise refused(
            why=f"{app} has {len(names)} newest ones: {', '.join(sorted(names))}",
            fix="join them with `python manage.py makemigrations --merge`",
        )
    try:
        executor.loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        raise refused(
            why=str(error).splitlines()[0],
            fix="look at `python manage.py migration status`; somebody wrote into"
            " django_migrations",
        ) from error
    return executor


def find_migration(app: str, name: str) -> Key:
    """Return the migration that a person means; a beginning of its name will do."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    if app not in loader.migrated_apps:
        raise _not_there(f"no app {app!r} with migrations", loader.migrated_apps)
    names = [key[1] for key in loader.disk_migrations if key[0] == app]
    if name == ZERO:
        return app, ZERO
    try:
        return app, loader.get_migration_by_prefix(app, name).name
    except AmbiguityError:
        why = f"several migrations of {app} that begin with {name!r}"
    except KeyError:
        why = f"no migration {name!r} of {app}"
    raise _not_there(why, names)


def newest_steps(alias: str) -> list[Key]:
    """Return the migrations of our own apps, the last one applied first."""
    recorder = MigrationRecorder(connections[alias])
    if not recorder.has_table():
        return []
    own = own_apps()
    rows = recorder.migration_qs.filter(app__in=own).order_by("-id")
    return list(rows.values_list("app", "name"))


def refused(*, why: str, fix: str) -> MigrationRefusedError:
    """Return what to raise when nothing was done to the schema."""
    return MigrationRefusedError("No migration was run.", why=why, fix=fix)


def in_order(loader: MigrationLoader) -> list[Key]:
    """Return all migrations as a migrate of an empty database would apply them."""
    order: dict[Key, None] = {}
    for leaf in loader.graph.leaf_nodes():
        order |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(order)


def _names(label: str, keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(name for app, name in keys if app == label)


def _not_there(why: str, names: Iterable[str]) -> UsageError:
    return UsageError(
        "No migration was run.",
        why=f"there is {why}" if why.startswith("no ") else f"there are {why}",
        fix=f"choose among {', '.join(sorted(names))}",
    )
