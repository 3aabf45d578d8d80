"""Import a file into a model: everything in it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from import_export.results import RowResult

from stateset.lib.errors import UsageError
from stateset.lib.journal import business_transaction
from stateset.lib.progress import progress
from stateset.system.errors import ImportRefusedError, UnreadableFileError
from stateset.system.importing.mappings import Mapping, parse_mapping
from stateset.system.importing.resource import problems_of, resources
from stateset.system.importing.tables import read_table


@dataclass(frozen=True)
class ImportOutcome:
    """How many rows of a file were new, changed or there already."""

    source: str
    created: int
    updated: int
    unchanged: int


def import_file(
    label: str, path: Path, *, mapping: Path | None = None, is_dry_run: bool = False
) -> ImportOutcome:
    """Import ``path`` into the model named ``label`` (``orders.order``).

    All or nothing, in one transaction. Raises UsageError for a model that can't be
    imported, UnreadableFileError, MappingError, and ImportRefusedError with the lines
    that are wrong.
    """
    offered = resources()
    if label.lower() not in offered:
        raise UsageError(
            f"{label} can't be imported.",
            why="no app offers it",
            fix=f"choose one of {', '.join(sorted(offered))}",
        )
    resource = offered[label.lower()]()
    table = read_table(path.name, _read(path))
    with (
        business_transaction(reason=f"import of {path.name}"),
        progress(path.name, len(table)) as advance,
    ):
        result = resource.import_data(
            table,
            dry_run=is_dry_run,
            raise_errors=False,
            rollback_on_validation_errors=True,
            mapping=_mapping(mapping),
            advance=advance,
        )
        for error in result.base_errors:
            raise error.error
        if problems := problems_of(result):
            raise ImportRefusedError(path.name, problems)
    totals = result.totals
    return ImportOutcome(
        source=path.name,
        created=totals[RowResult.IMPORT_TYPE_NEW],
        updated=totals[RowResult.IMPORT_TYPE_UPDATE],
        unchanged=totals[RowResult.IMPORT_TYPE_SKIP],
    )


def _mapping(path: Path | None) -> Mapping | None:
    if path is None:
        return None
    return parse_mapping(path.name, _read(path).decode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"File {path} was not read.",
            why=(error.strerror or "it can't be opened").lower(),
            fix="check its name and that this user may read it",
        ) from error
