"""Mappings: how a foreign file's columns become ours, as a TOML file.

``[columns]`` names our columns and the file's, ``[values]`` gives constants,
``[prefixes]`` text to put before a cell, ``[replace.COLUMN]`` words to replace and
``skip_where_empty`` the file's columns without which a row is passed over.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeGuard

from stateset.system.errors import MappingError
from stateset.system.importing.tables import Table, make_table

Words = dict[str, str]


@dataclass(frozen=True)
class Mapping:
    """One mapping, from the file's columns to ours."""

    name: str
    columns: Words
    values: Words = field(default_factory=dict)
    prefixes: Words = field(default_factory=dict)
    replace: dict[str, Words] = field(default_factory=dict)
    skip_where_empty: list[str] = field(default_factory=list)

    def source_of(self, column: str) -> str:
        """Return what the file calls our ``column``."""
        return self.columns.get(column, column)


def parse_mapping(name: str, content: bytes) -> Mapping:
    """Return the mapping written in ``content``; raise MappingError."""
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(
            name, f"it is no TOML: {error}", "write it as docs/importing.md shows"
        ) from error
    for key, value in data.items():
        if key not in SHAPES:
            raise _refused(
                name, f"it has the key {key!r}", suggest(key, SHAPES, "use only")
            )
        is_right, words = SHAPES[key]
        if not is_right(value):
            raise _refused(name, f"{key} is not {words}", "see docs/importing.md")
    if not data.get("columns"):
        raise _refused(name, "it maps no column", 'add [columns] with ours = "theirs"')
    mapping = Mapping(name=name, **data)
    _require_consistent(mapping)
    return mapping


def apply_mapping(mapping: Mapping, table: Table, *, known: Iterable[str]) -> Table:
    """Return the table under our headers, ``known`` ones; raise MappingError."""
    for column in (*mapping.columns, *mapping.values):
        if column not in known:
            raise _refused(
                mapping.name,
                f"nothing reads the column {column!r} it fills",
                suggest(column, known, "the columns are"),
            )
    for column in (*mapping.columns.values(), *mapping.skip_where_empty):
        if column not in table.headers:
            raise _refused(
                mapping.name,
                f"the file has no column {column!r}",
                suggest(column, table.headers, "its columns are"),
            )
    mapped = make_table([*mapping.columns, *mapping.values])
    for line, row in zip(table.lines, table.dict, strict=True):
        if all(row[column] for column in mapping.skip_where_empty):
            cells = [
                _cell(mapping, ours, row[theirs])
                for ours, theirs in mapping.columns.items()
            ]
            mapped.append([*cells, *mapping.values.values()])
            mapped.lines.append(line)
    return mapped


def _cell(mapping: Mapping, column: str, text: str) -> str:
    replaced = mapping.replace.get(column, {}).get(text, text)
    return mapping.prefixes.get(column, "") + replaced if replaced else ""


def _require_consistent(mapping: Mapping) -> None:
    for column in mapping.values:
        if column in mapping.columns:
            raise _refused(
                mapping.name,
                f"{column!r} stands in [columns] and in [values]",
                "keep one of the two",
            )
    for key in ("prefixes", "replace"):
        for column in getattr(mapping, key):
            if column not in mapping.columns:
                raise _refused(
                    mapping.name,
                    f"{key} names {column!r}, which [columns] does not map",
                    suggest(column, mapping.columns, "it maps"),
                )


def _is_words(value: Any) -> TypeGuard[Words]:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _is_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_words(v) for v in value.values())


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "columns": (_is_words, 'a table of lines like name = "company_name"'),
    "values": (_is_words, 'a table of lines like currency = "USD"'),
    "prefixes": (_is_words, 'a table of lines like sku = "NW-"'),
    "replace": (_is_tables, 'tables like [replace.status] with "1" = "archived"'),
    "skip_where_empty": (_is_list, 'a list like ["shipped_date"]'),
}


def suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return which of ``known`` was meant, or all of them after ``otherwise``."""
    spelt = {each.lower(): each for each in known}
    close = get_close_matches(word.lower().replace(" ", "_"), spelt, n=1)
    if close:
        return f"did you mean {spelt[close[0]]!r}?"
    return f"{otherwise} {', '.join(spelt.values())}"


def _refused(name: str, why: str, fix: str) -> MappingError:
    return MappingError(f"Mapping {name} can't be used.", why=why, fix=fix)
