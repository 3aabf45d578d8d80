"""The schema as a page with entity-relationship diagrams, out of the models.

The models and not a database are asked, so that the page is the same on every engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey, Model

HEAD = """\
# Schema

`make schema` writes this page from the models; a test holds it against them. It is the
same on both engines. What a database really has, with rows and sizes, shows
`python manage.py db_schema`.

PK is the primary key, FK a reference, UK unique; types are PostgreSQL's names for them.
"""
COLUMNS = "| Column | Type | Null | Key |\n| --- | --- | --- | --- |\n"
PAGES = "models"
TYPES = {
    "AutoField": "integer",
    "BigAutoField": "bigint",
    "BigIntegerField": "bigint",
    "BinaryField": "bytea",
    "BooleanField": "boolean",
    "CharField": "varchar({max_length})",
    "DateField": "date",
    "DateTimeField": "timestamptz",
    "DecimalField": "numeric({max_digits},{decimal_places})",
    "DurationField": "interval",
    "FloatField": "double",
    "GenericIPAddressField": "inet",
    "IntegerField": "integer",
    "JSONField": "jsonb",
    "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "SlugField": "varchar({max_length})",
    "SmallAutoField": "smallint",
    "SmallIntegerField": "smallint",
    "TextField": "text",
    "TimeField": "time",
    "UUIDField": "uuid",
}
# How many rows of each side belong together: parent, then child.
ONE_TO_MANY, ONE_TO_ONE = "||--o{", "||--o|"
OPTIONAL_TO_MANY, OPTIONAL_TO_ONE = "|o--o{", "|o--o|"


def page() -> str:
    """Return the page, area by area; no database is opened."""
    parts = [HEAD]
    for title, models in areas().items():
        parts += [f"\n## {title}\n", "\n```mermaid\n", diagram(models), "```\n"]
        parts += map(_table, models)
    return "".join(parts)


def areas() -> dict[str, list[type[Model]]]:
    """Return the models that have tables, by area.

    An area is an app, or a room of one: a package inside its ``models``.
    """
    found: dict[str, list[type[Model]]] = {}
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        if meta.managed and not meta.proxy and not meta.swapped:
            found.setdefault(_area(model), []).append(model)
    return found


def diagram(models: list[type[Model]]) -> str:
    """Return the tables of one area and what they point to, as Mermaid reads it."""
    lines = ["erDiagram\n"]
    for model in models:
        lines.append(f"    {model._meta.db_table} {{\n")
        lines += [f"        {_attribute(field)}\n" for field in _fields(model)]
        lines.append("    }\n")
    for model in models:
        lines += [f"    {line}\n" for line in _relationships(model)]
    return "".join(lines)


def column_type(field: Field[Any, Any]) -> str:
    """Return the type of a column, that of the key it points to for a reference."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    kind = field.get_internal_type()
    return TYPES.get(kind, kind.removesuffix("Field").lower()).format(**vars(field))


def _area(model: type[Model]) -> str:
    config = model._meta.app_config
    inside = model.__module__.removeprefix(f"{config.name}.{PAGES}.").split(".")
    if model.__module__.startswith(f"{config.name}.{PAGES}.") and len(inside) > 1:
        return f"{config.verbose_name}: {inside[0]}"
    return str(config.verbose_name)


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.local_fields if field.column]


def _attribute(field: Field[Any, Any]) -> str:
    # A type is one word there.
    kind = column_type(field).partition("(")[0]
    keys = ", ".join(_keys(field))
    return f"{kind} {field.column} {keys}".rstrip()


def _keys(field: Field[Any, Any]) -> Iterator[str]:
    if field.primary_key:
        yield "PK"
    if isinstance(field, ForeignKey):
        yield "FK"
    if field.unique and not field.primary_key:
        yield "UK"


def _relationships(model: type[Model]) -> Iterator[str]:
    for field in _fields(model):
        if isinstance(field, ForeignKey):
            parent = field.related_model._meta.db_table
            yield (
                f"{parent} {_cardinality(field)} {model._meta.db_table}"
                f" : {field.column}"
            )


def _cardinality(field: Field[Any, Any]) -> str:
    if field.unique:
        return OPTIONAL_TO_ONE if field.null else ONE_TO_ONE
    return OPTIONAL_TO_MANY if field.null else ONE_TO_MANY


def _table(model: type[Model]) -> str:
    rows = "".join(
        f"| `{field.column}` | {column_type(field)} | {'yes' if field.null else ''}"
        f" | {_key_words(field)} |\n"
        for field in _fields(model)
    )
    meta = model._meta
    return f"\n### {meta.db_table}\n\n{_sentence(model)}\n\n{COLUMNS}{rows}"


def _key_words(field: Field[Any, Any]) -> str:
    words = [key for key in _keys(field) if key != "FK"]
    if isinstance(field, ForeignKey):
        words.append(f"→ `{field.related_model._meta.db_table}`")
    return ", ".join(words)


def _sentence(model: type[Model]) -> str:
    """Return what one row is; Django fills an empty docstring with the fields."""
    if model._meta.auto_created:
        ends = [
            field.related_model._meta.db_table
            for field in _fields(model)
            if isinstance(field, ForeignKey)
        ]
        return f"One row joins {' and '.join(f'`{end}`' for end in ends)}."
    text = inspect.getdoc(model) or ""
    if text.startswith(f"{model.__name__}("):
        return f"Django's own: `{model._meta.label}`."
    return " ".join(text.partition("\n\n")[0].split())
