"""Read cells as values; what can't be read says how it should be written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.dateparse import parse_date, parse_datetime
from import_export.widgets import Widget

TRUE_WORDS = frozenset({"1", "true", "yes", "y"})
FALSE_WORDS = frozenset({"0", "false", "no", "n", ""})


def read_decimal(text: str) -> Decimal | None:
    """Return the number in ``text``, None for an empty cell."""
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError(
            f"{text!r} is no number; write it like 1234.50"
        ) from error
    if not number.is_finite():
        raise ValidationError(f"{text!r} is no number; write it like 1234.50")
    return number


def read_integer(text: str) -> int | None:
    """Return the whole number in ``text``, None for an empty cell."""
    number = read_decimal(text)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValidationError(f"{text!r} is no whole number")
    return int(number)


def read_moment(text: str) -> datetime | None:
    """Return the time in ``text``, midnight UTC of a bare day, None when empty."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        day = None if moment else parse_date(text)
    except ValueError:
        moment = day = None
    if moment is not None:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if day is not None:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    raise ValidationError(
        f"{text!r} is no date; write it like 2026-11-23 or 2026-11-23T14:30:00+00:00"
    )


def read_flag(text: str) -> bool:
    """Return the yes or no in ``text``; an empty cell is no."""
    word = text.lower()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise ValidationError(f"{text!r} is neither yes nor no")


class DecimalCell(Widget):
    """A number of a column."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        return read_decimal(str(value or ""))


class IntegerCell(Widget):
    """A whole number of a column."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        return read_integer(str(value or ""))


class MomentCell(Widget):
    """A time of a column."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime | None:
        return read_moment(str(value or ""))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""


class FlagCell(Widget):
    """A yes or no of a column."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        return read_flag(str(value or ""))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class LookupCell(Widget):
    """Another row, named by its number or SKU; looked up once a run."""

    def __init__(self, model: type[Model], field: str) -> None:
        super().__init__()
        self.model = model
        self.field = field
        self.found: dict[str, Model] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Model | None:
        text = str(value or "")
        if not text:
            return None
        if text not in self.found:
            rows = self.model._default_manager.filter(**{self.field: text})
            if (row_found := rows.first()) is None:
                name = self.model._meta.verbose_name
                raise ValidationError(
                    f"there is no {name} {text!r}; import {name}s first"
                )
            self.found[text] = row_found
        return self.found[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(getattr(value, self.field, "")) if value else ""
