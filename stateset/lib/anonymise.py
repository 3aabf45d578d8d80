"""The words in which an app says what of its rows is personal, and what becomes of it.

An app's ``anonymise.py`` offers ``TABLES``: for each column that holds text or JSON a
rule, or that it holds nothing personal. It may offer ``PAYLOAD``, the rules of what
stands under a name in events and in the audit log, and ``unlocked(using)``, a block
within which the rows of a copy are rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default_of
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from stateset.lib.anonymise_rules import FREE_TEXT, PLAIN, Keyed, Pseudonyms, Rule
from stateset.lib.discovery import discover
from stateset.lib.errors import StatesetError
from stateset.lib.fields import CurrencyField

HARMLESS = (
    models.AutoField,
    models.BigAutoField,
    models.BooleanField,
    models.DateField,
    models.DecimalField,
    models.FloatField,
    models.ForeignKey,
    models.IntegerField,
    models.TimeField,
    models.UUIDField,
    CurrencyField,
)
"""Kinds of column that name nobody. Any other needs a rule, also a new one."""

MOST_NAMED = 5


class AnonymiseRefusedError(StatesetError):
    """Nobody has decided what becomes of something that may be personal."""


@dataclass(frozen=True)
class Table:
    """What becomes of the rows of one model: each column's rule, or they go.

    ``about`` names a column whose value says what the others are about.
    """

    model: type[models.Model]
    rules: Mapping[str, Rule] = default_of(default_factory=dict)
    about: str = ""
    is_emptied: bool = False


def table(
    model: type[models.Model], *plain: str, about: str = "", **personal: Rule
) -> Table:
    """Say of a model which fields hold nothing personal, and the rules of others."""
    rules = {**dict.fromkeys(plain, PLAIN), **personal}
    named = {model._meta.get_field(name).name: rule for name, rule in rules.items()}
    return Table(model, named, about)


def emptied(model: type[models.Model]) -> Table:
    """Say of a model that a copy has none of its rows; nothing may refer to them."""
    return Table(model, is_emptied=True)


def needs_rule(field: models.Field[Any, Any]) -> bool:
    """Tell whether a column can hold what a person wrote or is called."""
    if field.choices or isinstance(field, HARMLESS):
        return False
    return not isinstance(field, models.GeneratedField)


def all_tables() -> Iterator[Table]:
    """Yield what every app says of its models."""
    for module in discover("anonymise"):
        yield from module.TABLES


def all_models() -> list[type[models.Model]]:
    """Return every model with a table of its own."""
    found = apps.get_models(include_auto_created=True)
    return [each for each in found if each._meta.managed and not each._meta.proxy]


def undecided() -> list[str]:
    """Return ``app.Model.field`` of each column that nobody has decided about."""
    said = {each.model: each for each in all_tables()}
    return [
        f"{model._meta.label}.{field.name}"
        for model in all_models()
        for field in model._meta.local_concrete_fields
        if needs_rule(field) and not _is_decided(said.get(model), field)
    ]


def require_rules() -> None:
    """Raise AnonymiseRefusedError while a column has no rule."""
    if names := undecided():
        raise AnonymiseRefusedError(
            "No anonymised copy was made.",
            why=f"{_summarised(names)}: no app says what becomes of it",
            fix="give it a rule in the app's anonymise.py (docs/developer.md)",
        )


def refuse_unknown(names: list[str]) -> None:
    """Raise AnonymiseRefusedError for tables and columns that no model has."""
    if names:
        raise AnonymiseRefusedError(
            "No anonymised copy was made.",
            why=f"{_summarised(names)}: in the database, but in no model",
            fix="drop it from the live database if nobody needs it, or make it part of"
            " a model with a rule; then back up anew",
        )


class Changes(Rule):
    """What changed in a row, by column; ``about`` is its table or its model.

    Of what is no model of ours, and of acts that left no row, each value has the rule
    that ``PAYLOAD`` has for its name.
    """

    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        columns = _columns().get(about)
        rule = Keyed(columns, FREE_TEXT) if columns else _payload()
        return rule.of(value, names)


class Payload(Rule):
    """What an event tells; ``about`` is the model of its document."""

    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        rule = _payload()
        by_hand = {**rule.keys, "changes": _Of(ROW_CHANGES, about)}
        return Keyed(by_hand, rule.other).of(value, names)


@dataclass(frozen=True)
class _Of(Rule):
    """A rule that is told once what its values are about."""

    rule: Rule
    about: str

    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        return self.rule.of(value, names, about or self.about)


ROW_CHANGES, EVENT_PAYLOAD = Changes(), Payload()


@cache
def _payload() -> Keyed:
    """Return the rules by name; what has none counts as written by a person."""
    keys: dict[str, Rule] = {}
    for module in discover("anonymise"):
        keys |= getattr(module, "PAYLOAD", {})
    return Keyed(keys, FREE_TEXT)


@cache
def _columns() -> Mapping[str, Mapping[str, Rule]]:
    """Return by table and by model the rules of its columns."""
    said = {each.model: each for each in all_tables()}
    found: dict[str, dict[str, Rule]] = {}
    for model in all_models():
        rules = said[model].rules if model in said else {}
        by_name: dict[str, Rule] = {}
        for field in model._meta.local_concrete_fields:
            rule = rules.get(field.name, FREE_TEXT if needs_rule(field) else PLAIN)
            for name in (field.name, field.attname, str(field.column)):
                by_name[name] = rule
        found[model._meta.db_table] = found[str(model._meta.model_name)] = by_name
    return found


def _is_decided(said: Table | None, field: models.Field[Any, Any]) -> bool:
    return said is not None and (said.is_emptied or field.name in said.rules)


def _summarised(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
