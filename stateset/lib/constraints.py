"""Rules the database keeps, with the sentence a person reads when one is broken."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_

from django.apps import apps
from django.db.models import CheckConstraint, Choices, Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact


def check(condition: Q | Exact, *, name: str, message: str) -> CheckConstraint:
    """Return a CHECK whose violation reads as ``message``."""
    return CheckConstraint(
        condition=condition, name=name, violation_error_message=message
    )


def one_of(field: str, choices: type[Choices], *, name: str) -> CheckConstraint:
    """Return a CHECK that ``field`` holds one of ``choices``."""
    allowed = [str(value) for value in choices.values]
    return check(
        Q(**{f"{field}__in": allowed}),
        name=name,
        message=f"{_words(field)} must be one of: {', '.join(allowed)}.",
    )


def not_negative(*fields: str, name: str) -> CheckConstraint:
    """Return a CHECK that none of ``fields`` is below zero (null passes)."""
    return check(
        reduce(and_, (Q(**{f"{field}__gte": 0}) for field in fields)),
        name=name,
        message=f"{', '.join(map(_words, fields))} must not be negative.",
    )


def positive(*fields: str, name: str) -> CheckConstraint:
    """Return a CHECK that each of ``fields`` is above zero (null passes)."""
    return check(
        reduce(and_, (Q(**{f"{field}__gt": 0}) for field in fields)),
        name=name,
        message=f"{', '.join(map(_words, fields))} must be above zero.",
    )


def fraction(field: str, *, name: str) -> CheckConstraint:
    """Return a CHECK that a rate lies between 0 and 1."""
    return check(
        Q(**{f"{field}__gte": 0, f"{field}__lte": 1}),
        name=name,
        message=f"{_words(field)} is a fraction between 0 and 1: 0.08 is 8 per cent.",
    )


def currency_code(*, name: str) -> CheckConstraint:
    """Return a CHECK that ``currency`` is three capital letters (ISO 4217)."""
    return check(
        Q(currency=Upper("currency")) & Q(Exact(Length("currency"), 3)),
        name=name,
        message="Currency must be a three-letter ISO 4217 code such as USD.",
    )


def broken_rule(error: Exception) -> str:
    """Return what the database refused, in the words of the constraint it names."""
    # Names stand on the first line; the lines below can repeat what people typed.
    named = set(re.findall(r"\w+", str(error).partition("\n")[0]))
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name in named:
                return str(constraint.get_violation_error_message())
    return "a rule of the database forbids it; somebody may have saved the same first"


def _words(field: str) -> str:
    return field.replace("_", " ").capitalize()
