"""Other rows that the same line of a file describes, such as a customer's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, UniqueConstraint

from stateset.system.importing.cells import Cell, cell_of

Row = dict[str, str]
"""The cells of one line by our columns."""


@dataclass(frozen=True)
class Change:
    """What importing a line does to one column of a row that is there."""

    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Part:
    """Another row, and which columns of the file go into which of its fields.

    ``links`` are its fields that are filled when it is saved.
    """

    instance: Any
    columns: Mapping[str, str]
    links: Sequence[str] = ()

    @property
    def is_new(self) -> bool:
        """Return whether there is no such row yet."""
        return bool(self.instance._state.adding)

    def read(self, given: Row) -> list[Change]:
        """Take what the line gives; return what it changes.

        Raises ValidationError by column, also for what the fields do not allow.
        """
        changes = []
        errors: dict[str, Any] = {}
        for column, name in self.columns.items():
            if column not in given:
                continue
            field = self.instance._meta.get_field(name)
            cell = cell_of(field)
            before = getattr(self.instance, name)
            try:
                after = cell.clean(given[column])
            except ValidationError as error:
                errors[column] = error
                continue
            if after is None and not field.null:
                continue
            setattr(self.instance, name, after)
            if self.is_new or after != before:
                was = "" if self.is_new else cell.render(before)
                changes.append(Change(column, was, cell.render(after)))
        if not errors:
            errors = self._refused()
        if errors:
            raise ValidationError(errors)
        return changes

    def _refused(self) -> dict[str, Any]:
        try:
            check_row(self.instance, exclude=set(self.links))
        except ValidationError as error:
            columns = {name: column for column, name in self.columns.items()}
            return {
                columns.get(name, NON_FIELD_ERRORS): found
                for name, found in error.error_dict.items()
            }
        return {}


def check_row(instance: Model, *, exclude: set[str]) -> None:
    """Raise ValidationError for what a form would refuse.

    All but CHECK constraints: Django asks the database about each, which costs more
    than the import itself, and the database refuses them in the same words.
    """
    # A key made a moment ago is nobody else's.
    instance.full_clean(exclude={*exclude, "id"}, validate_constraints=False)
    using = instance._state.db or DEFAULT_DB_ALIAS
    for constraint in instance._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            constraint.validate(type(instance), instance, exclude, using)


def cells_of(model: type[Model], columns: Mapping[str, str]) -> dict[str, Cell]:
    """Return how columns of a file are read that go into fields of ``model``."""
    return {
        column: cell_of(model._meta.get_field(name))  # type: ignore[arg-type]  # a relation has no column of its own
        for column, name in columns.items()
    }
