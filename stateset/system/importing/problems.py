"""Say what is wrong with a line: column, what was found, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError

from stateset.lib.constraints import broken_rule
from stateset.lib.errors import StatesetError
from stateset.system.errors import Problem
from stateset.system.importing.cells import quoted
from stateset.system.importing.parts import Row

EMPTY = "is empty; fill it in"

WORDS = {
    "blank": EMPTY,
    "null": EMPTY,
    "max_length": "is %(show_value)s characters long; shorten it to %(limit_value)s",
    "min_value": "%(cell)s is too little; write %(limit_value)s or more",
    "max_value": "%(cell)s is too much; write %(limit_value)s or less",
    "max_digits": "%(cell)s is too long; write at most %(max)s digits",
    "max_decimal_places": "%(cell)s is too fine; round it to %(max)s decimals",
    "max_whole_digits": "%(cell)s is too much; write at most %(max)s digits before"
    " the point",
}
"""Our words for what Django's fields find, by its code."""


def problems_of(
    line: int, error: ValidationError, row: Row, columns: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is wrong with one line; ``columns`` are those of our fields."""
    for name, found in error.update_error_dict({}).items():
        column = "" if name == NON_FIELD_ERRORS else columns.get(name, name)
        for each in found:
            yield Problem(line, column, _words(each, row.get(column, "")))


def _words(error: ValidationError, cell: str) -> str:
    if error.code in WORDS:
        return WORDS[error.code] % {**(error.params or {}), "cell": quoted(cell)}
    text = error.messages[0]
    is_named = cell in text or quoted(cell) in text
    return text if is_named else f"{quoted(cell)}: {text}"


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """Turn what a service or the database refuses into a problem of the line."""
    try:
        yield
    except StatesetError as error:
        text = f"{error.what.removesuffix('.')}: {error.why}"
        raise ValidationError(f"{text}; {error.fix}" if error.fix else text) from error
    except IntegrityError as error:
        raise ValidationError(broken_rule(error)) from error
