"""Read cells as values; what can't be read says how it should be written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Model
from django.utils.dateparse import parse_date, parse_datetime
from import_export.widgets import Widget

FORMULA_STARTS = ("=", "@")
"""A cell that begins so is a formula to a spreadsheet. A minus or plus may be a number
or a telephone number, and those come in as they are."""

ESCAPED = re.compile(r"^'(?=[=+\-@])")
"""What an export puts before such text, so that no spreadsheet runs it."""

SPREADSHEET_ERROR = re.compile(r"#(NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A)")
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST_QUOTED = 60
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
COUNTRY = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
TRUE_WORDS = frozenset({"1", "true", "yes", "y"})
FALSE_WORDS = frozenset({"0", "false", "no", "n"})


def quoted(text: str) -> str:
    """Return ``text`` in quotes, as problems name it; shortened where it is long."""
    if len(text) > LONGEST_QUOTED:
        return repr(f"{text[: LONGEST_QUOTED - 1]}…")
    return repr(text)


def read_text(text: str) -> str:
    """Return the text of a cell as it was before exporting; refuse formulas."""
    if text.startswith(FORMULA_STARTS):
        raise ValidationError(
            f"{quoted(text)} is a formula; paste its value,"
            " or put ' before it if it is text"
        )
    if SPREADSHEET_ERROR.fullmatch(text):
        raise ValidationError(
            f"{quoted(text)} is an error of the spreadsheet; mend its formula"
        )
    if INVISIBLE.search(text):
        raise ValidationError(
            f"{quoted(text)} holds a character that can't be seen; type it anew"
        )
    return ESCAPED.sub("", text)


def read_decimal(text: str) -> Decimal | None:
    """Return the number in ``text``, None for an empty cell."""
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        raise ValidationError(f"{quoted(text)} is no number; write it like 1234.50")
    return Decimal(text)


def read_integer(text: str) -> int | None:
    """Return the whole number in ``text``, None for an empty cell."""
    number = read_decimal(text)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValidationError(f"{quoted(text)} is no whole number; write it like 12")
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
        f"{quoted(text)} is no date; write it like 2026-11-23"
        " or 2026-11-23T14:30:00+00:00"
    )


def read_flag(text: str) -> bool | None:
    """Return the yes or no in ``text``, None for an empty cell."""
    word = text.lower()
    if not word:
        return None
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise ValidationError(f"{quoted(text)} is neither yes nor no")


def read_country(text: str) -> str:
    """Return the country code in ``text``, in capitals."""
    if text and not COUNTRY.fullmatch(text.upper()):
        raise ValidationError(
            f"{quoted(text)} is no country code; write it like DE (ISO 3166)"
        )
    return text.upper()


def read_currency(text: str) -> str | None:
    """Return the currency code in ``text`` in capitals, None for an empty cell."""
    if text and not CURRENCY.fullmatch(text.upper()):
        raise ValidationError(
            f"{quoted(text)} is no currency code; write it like USD (ISO 4217)"
        )
    return text.upper() or None


class Cell(Widget):
    """A column of text; ``words`` tells people what to write into it."""

    words: str = "text"

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return self.read(str(value or ""))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)

    def read(self, text: str) -> Any:
        """Return the value in ``text``; raise ValidationError."""
        return text


class DecimalCell(Cell):
    """A number of a column."""

    words = "a number like 1234.50"

    def read(self, text: str) -> Decimal | None:
        return read_decimal(text)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else f"{Decimal(value).normalize():f}"


class IntegerCell(Cell):
    """A whole number of a column."""

    words = "a whole number"

    def read(self, text: str) -> int | None:
        return read_integer(text)


class MomentCell(Cell):
    """A time of a column."""

    words = "a date like 2026-11-23, with time as 2026-11-23T14:30:00+00:00"

    def read(self, text: str) -> datetime | None:
        return read_moment(text)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return f"{value:%Y-%m-%d %H:%M}" if value else ""


class FlagCell(Cell):
    """A yes or no of a column."""

    words = "yes or no"

    def read(self, text: str) -> bool | None:
        return read_flag(text)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class CountryCell(Cell):
    """The country of an address."""

    words = "a country code like DE"

    def read(self, text: str) -> str:
        return read_country(text)


class CurrencyCell(Cell):
    """What the amounts of a row are in."""

    words = "a currency code like USD"

    def read(self, text: str) -> str | None:
        return read_currency(text)


class ChoiceCell(Cell):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__()
        self.choices = choices
        self.words = f"one of {', '.join(choices)}"

    def read(self, text: str) -> str | None:
        if text and text not in self.choices:
            raise ValidationError(f"{quoted(text)} is not {self.words}")
        return text or None


class LookupCell(Cell):
    """Another row, named by its number or SKU; looked up once a run."""

    def __init__(
        self, model: type[Model], field: str, *, joined: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.model = model
        self.field = field
        self.joined = joined
        self.found: dict[str, Model] = {}
        named: Any = model._meta.get_field(field)
        self.words = f"the {named.verbose_name} of a {model._meta.verbose_name}"

    def read(self, text: str) -> Model | None:
        if not text:
            return None
        if text not in self.found:
            rows = self.model._default_manager.filter(**{self.field: text})
            found = rows.select_related(*self.joined).first()
            if found is None:
                options = self.model._meta
                raise ValidationError(
                    f"there is no {options.verbose_name} {quoted(text)};"
                    f" import {options.verbose_name_plural} first, or correct it"
                )
            self.found[text] = found
        return self.found[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(getattr(value, self.field, "")) if value else ""


CELLS_BY_NAME: dict[str, type[Cell]] = {
    "country_code": CountryCell,
    "currency": CurrencyCell,
}
CELLS_BY_KIND: Sequence[tuple[type[models.Field[Any, Any]], type[Cell]]] = (
    (models.BooleanField, FlagCell),
    (models.DecimalField, DecimalCell),
    (models.IntegerField, IntegerCell),
    (models.DateTimeField, MomentCell),
)


def cell_of(field: models.Field[Any, Any]) -> Cell:
    """Return how the column of a model's field is read."""
    if field.choices:
        return ChoiceCell([str(value) for value, _ in field.flatchoices])
    if field.name in CELLS_BY_NAME:
        return CELLS_BY_NAME[field.name]()
    for kind, cell in CELLS_BY_KIND:
        if isinstance(field, kind):
            return cell()
    return Cell()
