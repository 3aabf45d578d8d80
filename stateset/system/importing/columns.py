"""The columns a file may have, and those it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stateset.system.errors import MappingError, UnreadableFileError
from stateset.system.importing.mappings import Mapping, suggest


@dataclass(frozen=True)
class Column:
    """A column that a file may have, as it is told to people."""

    name: str
    words: str
    is_key: bool


def require_known(name: str, headers: Sequence[str], known: Sequence[str]) -> None:
    """Raise UnreadableFileError for a column that nothing reads."""
    for header in headers:
        if header not in known:
            otherwise = "remove it, or give a mapping; the columns are"
            raise UnreadableFileError(
                f"File {name} was not read.",
                why=f"nothing reads its column {header!r}",
                fix=suggest(header, known, otherwise),
            )


def require_keys(
    name: str, headers: Sequence[str], keys: Sequence[str], mapping: Mapping | None
) -> None:
    """Raise UnreadableFileError or MappingError without a column of the key."""
    for key in keys:
        if key in headers:
            continue
        if mapping is not None:
            raise MappingError(
                f"Mapping {mapping.name} can't be used.",
                why=f"it fills no column {key!r}, by which rows are told apart",
                fix=f'add a line like {key} = "…" to [columns]',
            )
        raise UnreadableFileError(
            f"File {name} was not read.",
            why=f"it has no column {key!r}, by which rows are told apart",
            fix="add that column, or give a mapping that fills it",
        )
