"""Apply migrations and take them back: leased, backed up, never waiting for long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

from dbops import conf
from dbops.audit import journaled
from dbops.backups.create import PRE_MIGRATE, create_backup
from dbops.django_migrate import run_django_migrate
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs import care
from dbops.errors import DatabaseInUseError, DbopsError, MigrationFailedError
from dbops.leases import leased
from dbops.maintenance.migrations import (
    ZERO,
    Key,
    find_migration,
    label_of,
    make_executor,
    newest_steps,
    refused,
)
from dbops.stopping import stoppable

PRODUCTION = "production"
Tell = Callable[[str], object]


def silently(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Migrated:
    """What was applied or taken back, in that order, and the backup made before."""

    migrations: tuple[str, ...]
    backup_id: str = ""


@dataclass(frozen=True)
class Target:
    """Up to where an app's migrations are applied; all apps' to the end for none."""

    app: str = ""
    name: str = ""

    @property
    def arguments(self) -> list[str]:
        """What Django's ``migrate`` takes."""
        return [part for part in (self.app, self.name) if part]


@dataclass(frozen=True)
class Undoing:
    """What ``down`` takes back, newest first, and by which calls of ``migrate``."""

    migrations: tuple[Key, ...]
    targets: tuple[Target, ...]


def migrate_up(
    *,
    alias: str = DEFAULT_DB_ALIAS,
    app: str = "",
    name: str = "",
    tell: Tell = silently,
) -> Migrated:
    """Apply what waits, of all apps, of one, or up to one migration.

    In production a backup is made first, when there is anything to apply and
    anything to lose. ``tell`` is given the plan and the backup's id.
    """
    target = _upwards(app, name)
    connection = connections[alias]
    connection.prepare_database()
    engine = get_engine(alias)
    engine.require_database()
    with _operation(engine, "migration.up"):
        plan = _forwards(alias, target)
        labels = tuple(label_of(migration) for migration in plan)
        for label in labels:
            tell(f"to apply: {label}")
        has_tables = bool(connection.introspection.table_names())
        backup_id = _back_up(alias, labels, tell) if labels and has_tables else ""
        _run(engine, [target], plan, is_up=True, backup_id=backup_id)
    return Migrated(labels, backup_id)


def plan_down(
    *,
    alias: str = DEFAULT_DB_ALIAS,
    steps: int = 1,
    app: str = "",
    name: str = "",
) -> Undoing:
    """Return what ``steps`` steps, or going back to one migration, would take back.

    A step is a migration of our own apps, the one applied last first. Raises
    MigrationRefusedError when one of them cannot be taken back.
    """
    get_engine(alias).require_database()
    executor = make_executor(alias)
    if app:
        keys = [find_migration(app, name)]
        targets = [Target(*keys[0])]
        _require_applied(keys[0], set(executor.loader.applied_migrations))
    else:
        targets = _targets_of(newest_steps(alias), steps, executor.loader.graph)
    plan = _backwards(executor, targets)
    if not plan:
        raise refused(why="there is nothing to take back", fix="see migration status")
    for migration in plan:
        _require_reversible(migration)
    keys = [(migration.app_label, migration.name) for migration in plan]
    return Undoing(tuple(keys), tuple(targets))


def migrate_down(
    undoing: Undoing,
    *,
    alias: str = DEFAULT_DB_ALIAS,
    tell: Tell = silently,
) -> Migrated:
    """Take back what ``plan_down`` has shown; in production after a backup."""
    engine = get_engine(alias)
    with _operation(engine, "migration.down"):
        plan = _backwards(make_executor(alias), undoing.targets)
        if [(each.app_label, each.name) for each in plan] != list(undoing.migrations):
            raise refused(
                why="the migrations changed since the plan was shown",
                fix="run it again",
            )
        labels = tuple(label_of(key) for key in undoing.migrations)
        backup_id = _back_up(alias, labels, tell)
        _run(engine, undoing.targets, plan, is_up=False, backup_id=backup_id)
    return Migrated(labels, backup_id)


@contextmanager
def _operation(engine: Engine, action: str) -> Iterator[None]:
    with (
        journaled(action, subject="database") as details,
        stoppable("The migration"),
        leased(engine, "migration"),
    ):
        yield
        details["id"] = engine.connection.alias


def _upwards(app: str, name: str) -> Target:
    if not app:
        return Target()
    # Without a name this only sees whether there is such an app.
    found = find_migration(app, name or ZERO)
    if name == ZERO:
        raise refused(
            why=f"up does not go to {ZERO}",
            fix=f"take all of it back with `migration down {app} {ZERO}`",
        )
    return Target(app, found[1] if name else "")


def _forwards(alias: str, target: Target) -> list[Migration]:
    executor = make_executor(alias)
    graph = executor.loader.graph
    leaves = graph.leaf_nodes(target.app or None)
    plan = executor.migration_plan(
        [(target.app, target.name)] if target.name else leaves
    )
    for migration, is_backwards in plan:
        if is_backwards:
            raise refused(
                why=f"{label_of(migration)} is applied already, and comes after"
                f" {target.name}",
                fix=f"take it back with `migration down {target.app} {target.name}`",
            )
    return [migration for migration, _ in plan]


def _backwards(
    executor: MigrationExecutor, targets: Iterable[Target]
) -> list[Migration]:
    goals = [
        (target.app, None if target.name == ZERO else target.name) for target in targets
    ]
    return [migration for migration, _ in executor.migration_plan(goals)]


def _targets_of(
    history: Sequence[Key], steps: int, graph: MigrationGraph
) -> list[Target]:
    """Return where each app goes back to when its newest steps are taken back."""
    chosen = history[:steps]
    earliest = {key[0]: key for key in chosen}
    for key in chosen:
        if key not in graph.nodes:
            raise refused(
                why=f"{label_of(key)} is not in this release",
                fix="take it back with the release that has it",
            )
    targets = []
    for app, key in earliest.items():
        before = [each[1] for each in graph.forwards_plan(key) if each[0] == app][:-1]
        targets.append(Target(app, before[-1] if before else ZERO))
    return targets


def _require_applied(key: Key, applied: Collection[Key]) -> None:
    app, name = key
    if name != ZERO and key not in applied:
        raise refused(
            why=f"{label_of(key)} is not applied",
            fix=f"apply it with `migration up {app} {name}`",
        )


def _require_reversible(migration: Migration) -> None:
    for operation in all_operations(migration.operations):
        if not operation.reversible:
            raise refused(
                why=f"{label_of(migration)} cannot be taken back:"
                f" {operation.describe()}",
                fix="write a migration that mends it, or restore the backup from"
                " before it (list_backups)",
            )


def all_operations(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the operations that reach the database, those inside others too."""
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from all_operations(operation.database_operations)
        else:
            yield operation


def _back_up(alias: str, labels: Sequence[str], tell: Tell) -> str:
    if conf.environment() != PRODUCTION:
        return ""
    reason = f"before {labels[0]}"
    if len(labels) > 1:
        reason += f" and {len(labels) - 1} more"
    manifest = create_backup(alias=alias, kind=PRE_MIGRATE, reason=reason)
    tell(f"backup: {manifest.id}")
    return manifest.id


def _run(
    engine: Engine,
    targets: Iterable[Target],
    plan: Sequence[Migration],
    *,
    is_up: bool,
    backup_id: str,
) -> None:
    alias = engine.connection.alias
    try:
        with engine.waiting_briefly():
            for target in targets:
                run_django_migrate(alias, *target.arguments)
    except Exception as error:
        raise _failure(engine, error, plan, is_up=is_up, backup_id=backup_id) from error


def _failure(
    engine: Engine,
    error: Exception,
    plan: Sequence[Migration],
    *,
    is_up: bool,
    backup_id: str,
) -> DbopsError:
    """Return in words how far it came; the database is asked, not the plan."""
    applied = MigrationRecorder(engine.connection).applied_migrations()
    done: list[Migration] = []
    left: list[Migration] = []
    for migration in plan:
        is_applied = (migration.app_label, migration.name) in applied
        (done if is_applied == is_up else left).append(migration)
    verb = "applied" if is_up else "taken back"
    told = "; ".join(
        f"{verb if is_done else f'not {verb}'}: {', '.join(map(label_of, some))}"
        for is_done, some in ((True, done), (False, left))
        if some
    )
    after = f" (the backup from before is {backup_id})" if backup_id else ""
    again = "run `migration up` again" if is_up else "run `migration down` again"
    if engine.is_lock_timeout(error):
        return DatabaseInUseError(
            f"{_stopped_at(left)} was not {verb}.",
            why=f"others kept a lock for {care.LOCK_WAIT_SECONDS:g} seconds; {told}",
            fix=f"see who (db_locks), then {again}{after}",
        )
    if left and not left[0].atomic:
        again = f"see what it has done, as it is not atomic; {again}"
    message = next(iter(str(error).splitlines()), "")
    return MigrationFailedError(
        f"{_stopped_at(left)} was not {verb}.",
        why=f"{type(error).__name__}: {message}; {told}",
        fix=f"mend what it says, then {again}: it goes on there{after}",
    )


def _stopped_at(left: Sequence[Migration]) -> str:
    return f"The migration {label_of(left[0])}" if left else "What follows a migration"
