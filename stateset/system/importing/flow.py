"""Import a file into a model: everything in it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from stateset.lib.errors import UsageError
from stateset.lib.journal import Entry, business_transaction, record
from stateset.lib.maintenance import require_no_maintenance
from stateset.lib.progress import progress
from stateset.system import conf
from stateset.system.errors import ImportRefusedError, UnreadableFileError
from stateset.system.importing.mappings import Mapping, parse_mapping
from stateset.system.importing.resource import (
    RowOutcome,
    StatesetResource,
    resources,
)
from stateset.system.importing.tables import Table, read_table


@dataclass(frozen=True)
class ImportOutcome:
    """What was done, or would be, with the rows of a file."""

    source: str
    rows: Sequence[RowOutcome]

    @property
    def created(self) -> int:
        return self._count("new")

    @property
    def updated(self) -> int:
        return self._count("changed")

    @property
    def unchanged(self) -> int:
        return self._count("unchanged")

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.created} new, {self.updated} changed,"
            f" {self.unchanged} there already"
        )

    def _count(self, kind: str) -> int:
        return sum(row.kind == kind for row in self.rows)


def import_file(
    label: str, path: Path, *, mapping: Path | None = None, is_dry_run: bool = False
) -> ImportOutcome:
    """Import ``path`` into the model named ``label`` (``orders.order``).

    Relative paths start from the project's folder, wherever it is called.
    Raises UsageError for a model that can't be imported, UnreadableFileError,
    MappingError, and ImportRefusedError with the lines that are wrong.
    """
    if not is_dry_run:
        require_no_maintenance("Nothing was imported.")
    offered = resources()
    if label.lower() not in offered:
        raise UsageError(
            f"{label} can't be imported.",
            why="no app offers it",
            fix=f"choose one of {', '.join(sorted(offered))}",
        )
    read = parse_mapping(mapping.name, _read(mapping)) if mapping else None
    table = read_table(path.name, _read(path))
    with progress(path.name, len(table)) as advance:
        return import_table(
            offered[label.lower()],
            path.name,
            table,
            mapping=read,
            is_dry_run=is_dry_run,
            advance=advance,
        )


def import_table(
    resource_class: type[StatesetResource],
    source: str,
    table: Table,
    *,
    mapping: Mapping | None = None,
    is_dry_run: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> ImportOutcome:
    """Import the rows of ``source``, all or none, in one transaction.

    A dry run writes and takes it back, so that it finds what writing would find.
    """
    resource = resource_class()
    resource.advance = advance
    table = resource.prepare(source, table, mapping)
    with (
        business_transaction(reason=f"import of {source}", covers_steps=True),
        transaction.atomic(),
    ):
        result = resource.import_data(table)
        for fault in result.base_errors:
            raise fault.error
        if resource.problems:
            raise ImportRefusedError(source, resource.problems)
        resource.finish()
        outcome = ImportOutcome(source, resource.outcomes)
        details = {"summary": str(outcome)}
        record(Entry("data.import", resource.label(), details=details))
        if is_dry_run:
            transaction.set_rollback(True)
    return outcome


def _read(path: Path) -> bytes:
    try:
        return (conf.project_root() / path).read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"File {path} was not read.",
            why=(error.strerror or "it can't be opened").lower(),
            fix="check its name and that this user may read it",
        ) from error
