"""What can be imported: one resource a model, offered in an app's ``imports.py``.

A row is looked up by its natural key, checked as a form would check it, and written
through the services that keep the books. Importing the same file again changes
nothing; a changed row updates.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from import_export.resources import ModelResource
from import_export.results import Result

from stateset.lib.discovery import discover
from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction
from stateset.system.errors import Problem, UnreadableFileError
from stateset.system.importing.mappings import Mapping, apply_mapping
from stateset.system.importing.tables import Table

Row = dict[str, str]

# A cell that begins so is a formula to a spreadsheet; a minus or plus may be a number
# or a telephone number, and those come in as they are.
FORMULA_STARTS = ("=", "@")


class StatesetResource(ModelResource):
    """Read rows of one model; subclasses say how one is created and updated.

    ``extra_columns`` are columns that are no field of the model, such as the address
    of a customer.
    """

    extra_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        use_transactions = True
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = False

    def create(self, instance: Any, row: Row) -> None:
        """Write a new row through its service; give ``instance`` its key."""
        instance.save(force_insert=True)

    def update(self, instance: Any, row: Row) -> None:
        """Write a changed row through its service."""
        instance.save()

    def is_unchanged(self, instance: Any, row: Row) -> bool:
        """Return whether the extra columns say what is stored already."""
        return True

    @classmethod
    def label(cls) -> str:
        """Return the model's name as commands take it: ``orders.order``."""
        return str(cls._meta.model._meta.label_lower)

    @classmethod
    def known_columns(cls) -> list[str]:
        """Return every column a file may have."""
        names = [field.column_name for field in cls.fields.values()]
        return [*names, *cls.extra_columns]

    def before_import(self, dataset: Table, **kwargs: Any) -> None:
        """Put the mapping to work, and refuse columns that nothing reads."""
        self.line_numbers: list[int] = getattr(dataset, "lines", [])
        mapping: Mapping | None = kwargs.get("mapping")
        if mapping is not None:
            mapped = apply_mapping(mapping, dataset, name="given")
            rows = list(mapped)
            dataset.wipe()
            dataset.headers = mapped.headers
            dataset.extend(rows)
            self.line_numbers = mapped.lines
        if not self.line_numbers:
            self.line_numbers = list(range(2, len(dataset) + 2))
        self.first_seen: dict[tuple[str, ...], int] = {}
        self._require_known(dataset.headers or [])

    def import_row(self, row: Row, instance_loader: Any, **kwargs: Any) -> Any:
        result = super().import_row(row, instance_loader, **kwargs)
        advance: Callable[[], None] | None = kwargs.get("advance")
        if advance is not None:
            advance()
        return result

    def before_import_row(self, row: Row, **kwargs: Any) -> None:
        line = self.line_numbers[kwargs["row_number"] - 1]
        for column, cell in row.items():
            if str(cell).startswith(FORMULA_STARTS):
                raise ValidationError(
                    {column: f"{cell!r} is a formula; paste its value instead"}
                )
        keys = [self.fields[name].column_name for name in self.get_import_id_fields()]
        key = tuple(str(row.get(column, "")) for column in keys)
        if not all(key):
            raise ValidationError({keys[0]: "is empty, and rows are told apart by it"})
        first = self.first_seen.setdefault(key, line)
        if first != line:
            raise ValidationError(
                {keys[0]: f"{' '.join(key)} is on line {first} already"}
            )

    def skip_row(
        self, instance: Any, original: Any, row: Row, import_validation_errors: Any
    ) -> bool:
        if original is None or original._state.adding or import_validation_errors:
            return False
        same = super().skip_row(instance, original, row, import_validation_errors)
        return bool(same) and self.is_unchanged(instance, row)

    def save_instance(
        self,
        instance: Any,
        is_create: bool,  # noqa: FBT001 - import-export's own signature
        row: Row,
        **kwargs: Any,
    ) -> None:
        try:
            with business_transaction():
                (self.create if is_create else self.update)(instance, row)
        except StatesetError as error:
            text = f"{error.what} {error.why}".strip()
            raise ValidationError(
                text + (f"; {error.fix}" if error.fix else "")
            ) from error

    def after_import(self, dataset: Table, result: Result, **kwargs: Any) -> None:
        """Tell lines of the file instead of counting rows."""
        for refused in [*result.invalid_rows, *result.error_rows]:
            refused.number = self.line_numbers[refused.number - 1]

    def _require_known(self, headers: list[str]) -> None:
        known = self.known_columns()
        for header in headers:
            if header not in known:
                close = get_close_matches(header, known, n=1)
                raise UnreadableFileError(
                    f"The file has a column {header!r} that nothing reads.",
                    why=f"{self.label()} has the columns {', '.join(known)}",
                    fix=f"did you mean {close[0]}?"
                    if close
                    else "rename or remove it, or give a mapping",
                )


def problems_of(result: Result) -> list[Problem]:
    """Return what is wrong with the rows of a finished import, in line order."""
    found = [
        Problem(row.number, "" if field == NON_FIELD_ERRORS else field, message)
        for row in result.invalid_rows
        for field, messages in row.error_dict.items()
        for message in messages
    ]
    found += [
        Problem(row.number, "", str(error.error))
        for row in result.error_rows
        for error in row.errors
    ]
    return sorted(found, key=lambda problem: problem.line)


def resources() -> dict[str, type[StatesetResource]]:
    """Return what every app offers for import, by model label."""
    return {
        resource.label(): resource
        for module in discover("imports")
        for resource in module.RESOURCES
    }


def resource_for(model: type[Model]) -> type[StatesetResource] | None:
    """Return the resource of a model, None where it can't be imported."""
    return resources().get(model._meta.label_lower)
