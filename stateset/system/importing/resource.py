"""What can be imported: one resource a model, offered in an app's ``imports.py``.

A row is looked up by its natural key, checked as a form would check it, and written
through the services that keep the books. Importing the same file again changes
nothing; a changed row updates, or is refused where its books are closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import RowResult

from stateset.lib.discovery import discover
from stateset.lib.journal import business_transaction
from stateset.system.errors import Problem
from stateset.system.importing.cells import Cell, LookupCell, cell_of, read_text
from stateset.system.importing.columns import Column, require_keys, require_known
from stateset.system.importing.mappings import Mapping as ColumnMapping
from stateset.system.importing.mappings import apply_mapping
from stateset.system.importing.parts import Change, Part, Row, check_row
from stateset.system.importing.problems import problems_of, refusals_as_problems
from stateset.system.importing.tables import Table
from stateset.system.services.transitions import save_columns

SHOWN_OF_NEW = 4

KINDS = {
    RowResult.IMPORT_TYPE_NEW: "new",
    RowResult.IMPORT_TYPE_UPDATE: "changed",
    RowResult.IMPORT_TYPE_SKIP: "unchanged",
}


@dataclass(frozen=True)
class RowOutcome:
    """What importing does with one line: ``kind`` is new, changed or unchanged.

    Of a new row ``changes`` are its first cells.
    """

    line: int
    kind: str
    name: str
    changes: Sequence[Change]


class NoDiff:
    """Stands for import-export's diff, which renders every field of every row."""

    def __init__(self, *args: Any) -> None:
        pass

    def compare_with(self, *args: Any) -> None:
        """Compare nothing: ``skip_row`` does."""


class StatesetResource(ModelResource):
    """Read rows of one model; subclasses say how one is created and updated.

    ``extra_columns`` are no fields of the model; ``unchecked`` are fields that the
    service fills; ``fixed`` are columns that stay once they are filled;
    ``also_writes`` are models whose rows come with it.
    """

    extra_columns: ClassVar[Mapping[str, Cell]] = {}
    unchecked: ClassVar[Sequence[str]] = ()
    fixed: ClassVar[Sequence[str]] = ()
    also_writes: ClassVar[Sequence[type[Model]]] = ()

    class Meta:
        # One transaction around all of it, one savepoint where a row is written:
        # import_table and save_instance make them.
        use_transactions = False
        skip_html_diff = True

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[int] = ()
        self.mapping: ColumnMapping | None = None
        self.advance: Callable[[], None] = lambda: None
        self.first_seen: dict[tuple[str, ...], int] = {}
        self.parts: Sequence[Part] = ()
        self.changes: list[Change] = []
        self.outcomes: list[RowOutcome] = []
        self.problems: list[Problem] = []
        # Copied as import-export copies fields: lookups are kept for one run.
        self.cells = deepcopy(self.extra_columns)

    # What subclasses say

    def fill(self, instance: Any, row: Row) -> None:
        """Set what the file leaves open, ``parts``, and ``changes`` beyond fields.

        Raises ValidationError or a StatesetError.
        """

    def create(self, instance: Any, row: Row) -> None:
        """Write a new row through its service."""
        instance.save(force_insert=True)

    def update(self, instance: Any, row: Row) -> None:
        """Write a changed row through its service."""
        names = [name for name in self.fields if self.column(name) in row]
        save_columns(instance, **{name: getattr(instance, name) for name in names})

    def finish(self) -> None:
        """Write what was put off until every row was read; raise a StatesetError."""

    def read_extra(self, row: Row) -> dict[str, Any]:
        """Return the values of the extra columns the file has."""
        values = {}
        errors: dict[str, Any] = {}
        for column, cell in self.cells.items():
            if column in row:
                try:
                    values[column] = cell.clean(row[column])
                except ValidationError as error:
                    errors[column] = error
        if errors:
            raise ValidationError(errors)
        return values

    # What files may hold

    @classmethod
    def label(cls) -> str:
        """Return the model's name as commands take it: ``orders.order``."""
        return str(cls._meta.model._meta.label_lower)

    @classmethod
    def columns(cls) -> list[Column]:
        """Return every column a file may have, the key first."""
        keys = cls._meta.import_id_fields
        names = [*keys, *(name for name in cls.fields if name not in keys)]
        return [
            Column(field.column_name, field.widget.words, is_key=name in keys)
            for name, field in ((name, cls.fields[name]) for name in names)
        ] + [
            Column(name, cell.words, is_key=False)
            for name, cell in cls.extra_columns.items()
        ]

    @classmethod
    def field_from_django_field(
        cls, field_name: str, django_field: Any, readonly: Any
    ) -> Field:
        # An empty cell leaves what can't be empty as it is, or at its default.
        return Field(
            field_name,
            field_name,
            cell_of(django_field),
            saves_null_values=django_field.null,
        )

    @classmethod
    def get_diff_class(cls) -> type[NoDiff]:
        return NoDiff

    def column(self, name: str) -> str:
        """Return the column of one of our fields."""
        return str(self.fields[name].column_name)

    def prepare(self, name: str, table: Table, mapping: ColumnMapping | None) -> Table:
        """Return the table under our columns, and begin with its first line.

        Raises UnreadableFileError or MappingError for columns that are missing or
        that nothing reads.
        """
        known = [column.name for column in self.columns()]
        if mapping is None:
            require_known(name, table.headers, known)
        else:
            table = apply_mapping(mapping, table, known=known)
        require_keys(name, table.headers, self._keys(), mapping)
        self.mapping, self.lines = mapping, table.lines
        return table

    # The steps of import-export for each row

    def import_row(self, row: Row, instance_loader: Any, **kwargs: Any) -> RowResult:
        line = self.lines[kwargs["row_number"] - 1]
        self.changes, self.parts = [], ()
        result = super().import_row(row, instance_loader, **kwargs)
        for fault in result.errors:
            raise fault.error
        if result.validation_error:
            self.problems += self._problems(line, result.validation_error, row)
        else:
            key = " ".join(row[column] for column in self._keys())
            kind = KINDS[result.import_type]
            self.outcomes.append(RowOutcome(line, kind, key, tuple(self.changes)))
        self.advance()
        return result

    def before_import_row(self, row: Row, **kwargs: Any) -> None:
        line = self.lines[kwargs["row_number"] - 1]
        keys = self._keys()
        errors: dict[str, Any] = {
            column: "is empty, and rows are told apart by it; fill it in"
            for column in keys
            if not row[column]
        }
        for column, cell in row.items():
            try:
                row[column] = read_text(cell)
            except ValidationError as error:
                errors[column] = error
        if errors:
            raise ValidationError(errors)
        key = tuple(row[column] for column in keys)
        first = self.first_seen.setdefault(key, line)
        if first != line:
            raise ValidationError(
                {
                    keys[0]: f"{' '.join(key)!r} is on line {first} already;"
                    " keep one of the two"
                }
            )

    def get_instance(self, instance_loader: Any, row: Row) -> Any:
        try:
            return super().get_instance(instance_loader, row)
        except ValidationError:
            # A key that can't be read; import_instance says so, with all the rest.
            return None

    def import_instance(self, instance: Any, row: Row, **kwargs: Any) -> None:
        errors: dict[str, Any] = {}
        for field in self.fields.values():
            try:
                self.import_field(field, instance, row, **kwargs)
            except ValidationError as error:
                errors[field.attribute] = error
        if errors:
            raise ValidationError(errors)
        with refusals_as_problems():
            self.fill(instance, row)
        for part in self.parts:
            try:
                self.changes += part.read(row)
            except ValidationError as error:
                error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def skip_row(
        self, instance: Any, original: Any, row: Row, import_validation_errors: Any
    ) -> bool:
        if import_validation_errors or original._state.adding:
            self.changes = self._filled(row)[:SHOWN_OF_NEW]
            return False
        self.changes = [*self._changes(instance, original), *self.changes]
        return not self.changes

    def validate_instance(
        self,
        instance: Any,
        import_validation_errors: Any = None,
        validate_unique: bool = True,  # noqa: FBT001, FBT002 -- import-export's own
    ) -> None:
        errors = dict(import_validation_errors or {})
        unchecked = {*errors, *self.unchecked, *self._looked_up(instance, errors)}
        if errors:
            # What only fill or a service sets has not been set.
            fields = instance._meta.concrete_fields
            unchecked |= {field.name for field in fields} - set(self.fields)
        try:
            check_row(instance, exclude=unchecked)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        errors |= {
            change.column: ValidationError(
                f"{change.after!r} can't replace {change.before!r}; this column stays"
                " as it is once the row is there"
            )
            for change in self.changes
            if change.column in self.fixed and change.before
        }
        if errors:
            raise ValidationError(errors)

    def save_instance(
        self,
        instance: Any,
        is_create: bool,  # noqa: FBT001 -- import-export's own signature
        row: Row,
        **kwargs: Any,
    ) -> None:
        with refusals_as_problems(), business_transaction():
            (self.create if is_create else self.update)(instance, row)

    def after_import(self, *args: Any, **kwargs: Any) -> None:
        """Reset no sequences: our keys are UUIDs."""

    def _looked_up(self, instance: Any, errors: Mapping[str, Any]) -> Iterator[str]:
        """Yield the fields that need no look whether their row is there."""
        for name, field in self.fields.items():
            if isinstance(field.widget, LookupCell):
                is_set = getattr(instance, f"{field.attribute}_id") is not None
                if is_set or NON_FIELD_ERRORS in errors:
                    yield name

    def _keys(self) -> list[str]:
        return [self.column(name) for name in self.get_import_id_fields()]

    def _changes(self, instance: Any, original: Any) -> Iterator[Change]:
        for field in self.fields.values():
            key = instance._meta.get_field(field.attribute).attname
            if getattr(instance, key) != getattr(original, key):
                before, after = field.export(original), field.export(instance)
                yield Change(field.column_name, before, after)

    def _filled(self, row: Row) -> list[Change]:
        keys = self._keys()
        return [
            Change(column, "", cell)
            for column, cell in row.items()
            if cell and column not in keys
        ]

    def _problems(
        self, line: int, error: ValidationError, row: Row
    ) -> Iterator[Problem]:
        columns = {field.attribute: field.column_name for field in self.fields.values()}
        source_of = self.mapping.source_of if self.mapping else str
        for found in problems_of(line, error, row, columns):
            yield Problem(line, source_of(found.column), found.message)


@cache
def resources() -> dict[str, type[StatesetResource]]:
    """Return what every app offers for import, by model label."""
    return {
        resource.label(): resource
        for module in discover("imports")
        for resource in module.RESOURCES
    }
