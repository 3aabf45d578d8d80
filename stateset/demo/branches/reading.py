"""Read the branch that was lived, and put its lines by until they are written."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Field, Model

from stateset.demo.branches.compiling import Compiler, Dialect
from stateset.demo.branches.tables import (
    LEFT_OUT,
    OWN,
    SHARED,
    all_models,
    distinct_columns,
    own_models,
    shared_models,
)
from stateset.demo.branches.varying import Line
from stateset.demo.errors import DemoRefusedError
from stateset.system.models import NumberSequence

LINES_AT_ONCE = 500


@dataclass(frozen=True)
class Sheet:
    """The lines of one table, in a file."""

    table: str
    columns: tuple[str, ...]
    path: Path
    lines: int

    def portions(self) -> Iterator[list[Line]]:
        """Yield the lines, some hundred at a time."""
        with self.path.open("rb") as file:
            for _ in range(-(-self.lines // LINES_AT_ONCE)):
                yield pickle.load(file)  # noqa: S301 - written by this process a moment ago


@dataclass(frozen=True)
class Template:
    """All that one branch left: what is shared, what each has, how far numbers got."""

    shared: list[Sheet]
    own: list[Sheet]
    series: list[NumberSequence]

    @property
    def portions(self) -> int:
        """Return how many portions there are to write."""
        return sum(-(-sheet.lines // LINES_AT_ONCE) for sheet in self.own)


def read_template(
    folder: Path,
    connection: BaseDatabaseWrapper,
    dialect: Dialect,
    *,
    branches: int,
    now: datetime,
    seed: int,
) -> Template:
    """Read everything the lived branch wrote, table by table."""
    require_known_tables(connection.alias)
    series = list(NumberSequence.objects.using(connection.alias))
    compiler = Compiler(
        dialect,
        branches=branches,
        now=now,
        seed=seed,
        shared=_shared_keys(connection.alias),
        series={each.key for each in series},
    )
    for model in own_models():
        for column in distinct_columns(model):
            rows = model._base_manager.using(connection.alias).order_by("pk")
            given = rows.exclude(**{column: ""}).exclude(**{column: None})
            compiler.tell_apart(given.values_list(column, flat=True).iterator())
    return Template(
        shared=[
            _write_sheet(folder, connection, compiler, model, is_shared=True)
            for model in shared_models()
        ],
        own=[
            _write_sheet(folder, connection, compiler, model, is_shared=False)
            for model in own_models()
        ],
        series=series,
    )


def require_known_tables(using: str) -> None:
    """Raise DemoRefusedError if the branch left rows nobody says what to do with."""
    known = {*OWN, *SHARED, *LEFT_OUT}
    for model in all_models():
        label = model._meta.label
        if label not in known and model._base_manager.using(using).exists():
            raise DemoRefusedError(
                "No demo data was made.",
                why=f"nothing says whether branches share the rows of {label}",
                fix="name it in stateset/demo/branches/tables.py",
            )


def columns_of(model: type[Model]) -> list[Field[Any, Any]]:
    """Return the fields that are written: not those the database fills itself."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if not field.generated and not isinstance(field, AutoField)
    ]


def _shared_keys(using: str) -> set[UUID]:
    keys: set[UUID] = set()
    for model in shared_models():
        if model._meta.label != "accounts.User_groups":
            keys.update(model._base_manager.using(using).values_list("pk", flat=True))
    return keys


def _write_sheet(
    folder: Path,
    connection: BaseDatabaseWrapper,
    compiler: Compiler,
    model: type[Model],
    *,
    is_shared: bool,
) -> Sheet:
    fields = columns_of(model)
    path = folder / model._meta.db_table
    rows = (
        model._base_manager.using(connection.alias)
        .order_by("pk")
        .values_list(*(field.attname for field in fields))
        .iterator(chunk_size=LINES_AT_ONCE)
    )
    lines = (
        compiler.shared_line(fields, row)
        if is_shared
        else compiler.line(model, fields, row)
        for row in rows
    )
    count = 0
    with path.open("wb") as file:
        while portion := list(islice(lines, LINES_AT_ONCE)):
            pickle.dump(portion, file)
            count += len(portion)
    names = tuple(str(field.column) for field in fields)
    return Sheet(model._meta.db_table, names, path, count)
