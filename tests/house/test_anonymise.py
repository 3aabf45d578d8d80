"""Somebody has decided, of each column with text, what becomes of it in a copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from orders.models import Customer
from stateset.lib.anonymise import all_models, all_tables, undecided
from stateset.lib.anonymise_rules import PLAIN, Text
from stateset.lib.erasing import all_belongings
from tests.house.tree import none_of


def ruled() -> Iterator[tuple[Any, Text]]:
    for table in all_tables():
        for name, rule in table.rules.items():
            if isinstance(rule, Text) and rule is not PLAIN:
                yield table.model._meta.get_field(name), rule


def test_every_column_with_text_has_a_rule_or_holds_nothing_personal() -> None:
    none_of([f"{name}: give it a rule in anonymise.py" for name in undecided()])


def test_what_a_rule_makes_up_fits_its_column() -> None:
    none_of(
        [
            f"{field}: {rule.longest} letters do not fit"
            for field, rule in ruled()
            if field.max_length is not None and rule.longest > field.max_length
        ]
    )


def test_what_is_unique_stays_unique() -> None:
    none_of(
        [
            f"{field}: two values may become the same one"
            for field, rule in ruled()
            if is_unique(field) and not rule.is_unique
        ]
    )


def test_nothing_that_stays_refers_to_what_goes() -> None:
    gone = {table.model for table in all_tables() if table.is_emptied}
    none_of(
        [
            f"{field} refers to rows that a copy has not"
            for model in all_models()
            if model not in gone
            for field in model._meta.local_concrete_fields
            if field.related_model in gone
        ]
    )


def test_an_erasure_reaches_whatever_belongs_to_a_customer() -> None:
    """What has nothing personal itself has reasons of steps in the audit log."""
    spoken_of = {each.model for each in all_belongings()}
    none_of(
        [
            f"{model._meta.label}: say in erasure.py which rows are a customer's"
            for model in theirs(Customer)
            if model not in spoken_of
        ]
    )


def test_an_erasure_spares_only_what_would_not_stay_by_itself() -> None:
    rules = {table.model: table.rules for table in all_tables()}
    none_of(
        [
            f"{each.model._meta.label}.{name} is nothing personal: it stays anyway"
            for each in all_belongings()
            for name in each.kept
            if rules[each.model].get(name, PLAIN) is PLAIN
        ]
    )


def theirs(model: type[models.Model]) -> set[type[models.Model]]:
    """Return the models whose rows refer to rows of ``model``, however far off."""
    found = {model}
    while more := {
        each
        for each in all_models()
        if each not in found
        and any(
            field.related_model in found for field in each._meta.local_concrete_fields
        )
    }:
        found |= more
    return found


def is_unique(field: Any) -> bool:
    return bool(field.unique) or any(
        field.name in constraint.fields
        for constraint in field.model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
    )
