"""Read migrations for what breaks a running site: locks, lost data, old code.

Static: only the state of the models is asked, never a table. Operations are looked up
by their exact type, so that AddIndexConcurrently is not taken for AddIndex.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field, UniqueConstraint
from django.db.models.fields import NOT_PROVIDED
from django.db.utils import DatabaseError, InterfaceError

from dbops.maintenance.migrating import all_operations
from dbops.maintenance.migrations import Key, in_order, label_of, own_apps

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Finding:
    """What one operation would do to a site that is in use."""

    level: str
    what: str
    why: str
    fix: str
    migration: str = ""


@dataclass(frozen=True)
class Lint:
    """What was read and found; ``remark`` says why it was more than what waits."""

    migrations: int
    findings: tuple[Finding, ...]
    remark: str = ""


def lint_migrations(*, alias: str = DEFAULT_DB_ALIAS, every: bool = False) -> Lint:
    """Read what waits to be applied, of our own apps; ``every`` one if wanted.

    Without a database that answers, every one is read. A table that comes into being
    among the migrations read is empty when it is changed, so nothing is found there.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    applied, remark = (set(), "") if every else _applied(alias)
    own = own_apps()
    chosen = [key for key in in_order(loader) if key[0] in own and key not in applied]
    reads_all = every or bool(remark)
    new: set[Key] = set()
    findings: list[Finding] = []
    for key in chosen:
        if reads_all:
            new = set()
        state = loader.project_state(key, at_end=False)
        findings += _read(loader.graph.nodes[key], state, new)
    return Lint(len(chosen), tuple(findings), remark)


def _applied(alias: str) -> tuple[set[Key], str]:
    try:
        return set(MigrationLoader(connections[alias]).applied_migrations), ""
    except (DatabaseError, InterfaceError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        return set(), f"the database does not answer ({why}), so every one was read"


def _read(
    migration: Migration, state: ProjectState, new: set[Key]
) -> Iterator[Finding]:
    app, label = migration.app_label, label_of(migration)
    for operation in migration.operations:
        for finding in find_dangers(app, operation, state, new):
            yield replace(finding, migration=label)
        operation.state_forwards(app, state)


def find_dangers(
    app: str, operation: Operation, state: ProjectState, new: set[Key]
) -> Iterator[Finding]:
    """Yield what an operation would do to tables that are not ``new``; notes new ones.

    ``state`` is that of the models before it.
    """
    for each in all_operations([operation]):
        _note_new(app, each, new)
        check = CHECKS.get(type(each))
        if check and not _is_of(app, each, new):
            yield from check(app, each, state)


def _note_new(app: str, operation: Any, new: set[Key]) -> None:
    if isinstance(operation, operations.CreateModel):
        new.add((app, operation.name_lower))


def _is_of(app: str, operation: Any, new: Collection[Key]) -> bool:
    """Tell whether an operation is about one of the new tables."""
    names = ("model_name_lower", "old_name_lower", "name_lower")
    name = next(
        (getattr(operation, each) for each in names if hasattr(operation, each)), ""
    )
    return (app, name) in new


def _add_field(
    app: str, operation: operations.AddField, state: ProjectState
) -> Iterator[Finding]:
    field: Any = operation.field
    if field.many_to_many:
        return
    where = f"{operation.model_name_lower}.{operation.name}"
    if not field.null and field.db_default is NOT_PROVIDED:
        if field.has_default() or _is_filled_with_nothing(field):
            yield Finding(
                WARNING,
                f"adds the column {where}, NOT NULL without a default in the database",
                "the release still running inserts rows without it, and is refused",
                "give it db_default=…, or null=True until the next release",
            )
        else:
            yield Finding(
                ERROR,
                f"adds the column {where}, NOT NULL without any default",
                "rows that are there have no value for it",
                "give it db_default=…, or null=True and fill it first",
            )
    yield from _new_lookups(where, field)


def _alter_field(
    app: str, operation: operations.AlterField, state: ProjectState
) -> Iterator[Finding]:
    model = state.models[app, operation.model_name_lower]
    before: Any = model.fields[operation.name]
    after: Any = operation.field
    where = f"{operation.model_name_lower}.{operation.name}"
    if _rewrites(before, after):
        yield Finding(
            ERROR,
            f"changes the type of {where}",
            "PostgreSQL writes the whole table anew, and nobody reads it meanwhile",
            "add a new column, copy in batches, drop the old one a release later",
        )
    if before.null and not after.null:
        yield Finding(
            WARNING,
            f"makes {where} NOT NULL",
            "the table is read whole under a lock; one NULL in it stops everything",
            "fill it before; see that the release still running always sets it",
        )
    if (after.unique, after.db_index) != (before.unique, before.db_index):
        yield from _new_lookups(where, after)


def _new_lookups(where: str, field: Any) -> Iterator[Finding]:
    if field.unique:
        yield _unique(f"makes {where} unique")
    elif field.db_index:
        yield _index(f"indexes {where}")


def _index(what: str) -> Finding:
    return Finding(
        WARNING,
        what,
        "on PostgreSQL writers of the table wait until the index is built",
        "use AddIndexConcurrently in a migration of its own with atomic = False",
    )


def _unique(what: str) -> Finding:
    return Finding(
        ERROR,
        what,
        "two rows that are alike stop it, and writers wait while it is checked",
        "look for such rows first; add it when nobody writes",
    )


def _add_index(
    app: str, operation: operations.AddIndex, state: ProjectState
) -> Iterator[Finding]:
    yield _index(f"adds the index {operation.index.name} to {operation.model_name}")


def _add_constraint(
    app: str, operation: operations.AddConstraint, state: ProjectState
) -> Iterator[Finding]:
    if isinstance(operation.constraint, UniqueConstraint):
        yield _unique(f"adds the unique constraint {operation.constraint.name}")


def _remove_field(
    app: str, operation: operations.RemoveField, state: ProjectState
) -> Iterator[Finding]:
    yield _dropped(f"drops the column {operation.model_name_lower}.{operation.name}")


def _delete_model(
    app: str, operation: operations.DeleteModel, state: ProjectState
) -> Iterator[Finding]:
    yield _dropped(f"drops the table of {operation.name}")


def _dropped(what: str) -> Finding:
    return Finding(
        ERROR,
        what,
        "its data is gone for good, and the release still running asks for it",
        "release the code that no longer uses it first; keep a backup",
    )


def _rename(app: str, operation: Any, state: ProjectState) -> Iterator[Finding]:
    yield Finding(
        ERROR,
        f"renames {operation.old_name_lower} to {operation.new_name}",
        "the release still running knows the old name only",
        "keep the name in the database: db_column=…, or db_table=… in Meta",
    )


def _alter_table(
    app: str, operation: operations.AlterModelTable, state: ProjectState
) -> Iterator[Finding]:
    yield Finding(
        ERROR,
        f"renames the table of {operation.name} to {operation.table}",
        "the release still running knows the old name only",
        "keep the name that it has",
    )


def _run(app: str, operation: Any, state: ProjectState) -> Iterator[Finding]:
    if not operation.reversible:
        yield Finding(
            WARNING,
            f"{type(operation).__name__} without a way back",
            "`migration down` refuses to go past it",
            "give it a reverse, a noop where nothing is to be done",
        )


def _rewrites(before: Field[Any, Any], after: Field[Any, Any]) -> bool:
    """Tell whether values have to be written anew; longer text does not."""
    if before.get_internal_type() != after.get_internal_type():
        return {before.get_internal_type(), after.get_internal_type()} != TEXT or (
            after.get_internal_type() == "CharField"
        )
    lengths = before.max_length, after.max_length
    if None not in lengths and lengths[1] < lengths[0]:  # type: ignore[operator]  # not None
        return True
    return _digits(before) != _digits(after)


def _digits(field: Any) -> tuple[Any, ...]:
    return getattr(field, "max_digits", None), getattr(field, "decimal_places", None)


TEXT = {"CharField", "TextField"}
CHECKS: dict[type, Callable[[str, Any, ProjectState], Iterable[Finding]]] = {
    operations.AddField: _add_field,
    operations.AlterField: _alter_field,
    operations.RemoveField: _remove_field,
    operations.DeleteModel: _delete_model,
    operations.RenameField: _rename,
    operations.RenameModel: _rename,
    operations.AlterModelTable: _alter_table,
    operations.AddIndex: _add_index,
    operations.AddConstraint: _add_constraint,
    operations.RunPython: _run,
    operations.RunSQL: _run,
}


def _is_filled_with_nothing(field: Any) -> bool:
    """Return whether Django gives rows that are there the empty text."""
    return bool(field.blank and field.empty_strings_allowed)
