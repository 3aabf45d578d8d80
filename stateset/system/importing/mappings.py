"""Mappings: how a foreign file's columns become ours, as a TOML file.

``[columns]`` names our columns and the file's, ``[values]`` gives constants,
``[prefixes]`` text to put before a cell, ``[replace.COLUMN]`` words to replace and
``skip_where_empty`` the file's columns without which a row is passed over.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

from stateset.system.errors import MappingError
from stateset.system.importing.tables import Table

KNOWN_KEYS = {"columns", "values", "prefixes", "replace", "skip_where_empty"}


@dataclass(frozen=True)
class Mapping:
    """One mapping, from the file's columns to ours."""

    columns: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    replace: dict[str, dict[str, str]] = field(default_factory=dict)
    skip_where_empty: list[str] = field(default_factory=list)


def parse_mapping(name: str, text: str) -> Mapping:
    """Return the mapping written in ``text``; raise MappingError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(name, str(error), "write it as docs/staff.md shows") from error
    unknown = sorted(set(data) - KNOWN_KEYS)
    if unknown:
        raise _refused(
            name,
            f"it has the key {unknown[0]!r}",
            f"use only {', '.join(sorted(KNOWN_KEYS))}",
        )
    if not data.get("columns"):
        raise _refused(name, "it maps no column", 'add [columns] with ours = "theirs"')
    return Mapping(**{key: _texts(value) for key, value in data.items()})


def apply_mapping(mapping: Mapping, table: Table, *, name: str) -> Table:
    """Return the table under our headers; raise MappingError for a missing column."""
    wanted = [*mapping.columns.values(), *mapping.skip_where_empty]
    missing = sorted({column for column in wanted if column not in table.headers})
    if missing:
        raise _refused(
            name,
            f"the file has no column {missing[0]!r}",
            f"its columns are {', '.join(table.headers)}",
        )
    mapped = Table(headers=[*mapping.columns, *mapping.values])
    mapped.lines = []
    for line, row in zip(table.lines, table.dict, strict=True):
        if all(row[column] for column in mapping.skip_where_empty):
            cells = [
                _cell(mapping, ours, row[t]) for ours, t in mapping.columns.items()
            ]
            mapped.append([*cells, *mapping.values.values()])
            mapped.lines.append(line)
    return mapped


def _cell(mapping: Mapping, column: str, text: str) -> str:
    replaced = mapping.replace.get(column, {}).get(text, text)
    return mapping.prefixes.get(column, "") + replaced if replaced else ""


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [str(item) for item in value]
    return str(value)


def _refused(name: str, why: str, fix: str) -> MappingError:
    return MappingError(f"Mapping {name} can't be used.", why=why, fix=fix)
