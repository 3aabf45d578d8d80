"""Columns of lists and forms: pills, money, numbers, times, links.

Each function returns a callable for ``list_display``, ``readonly_fields`` and
``fieldsets``. A path may follow relations with ``__``; name them in
``list_select_related``, or every row costs a query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from stateset.lib.admin.addresses import change_url
from stateset.lib.fields import minor_units, round_money

Column = Callable[[Any], Any]

EMPTY = "-"
UNITS = (7 * 24 * 3600, 24 * 3600, 3600, 60)
SHORTEST_MONTH = 28 * 24 * 3600

GOOD, WAITING, PROBLEM, DONE, NEUTRAL = "good", "waiting", "problem", "done", "neutral"

MEANINGS: Mapping[str, str] = {
    GOOD: "active confirmed approved paid available ready released open_to_ship success"
    " valid in_stock accepted ok succeeded",
    WAITING: "pending requested draft processing in_progress on_hold reserved picking"
    " packed submitted partially_paid partially_received partially_fulfilled allocated"
    " partially_refunded partially_returned in_transit issued scheduled open sent"
    "  inspecting unfulfilled authorized out_for_delivery partial planned new"
    " label_created ready_to_ship inspected",
    PROBLEM: "failed rejected declined overdue exception suspended denied error lost"
    " damaged out_of_stock late disputed critical",
    DONE: "delivered fulfilled completed closed received shipped refunded returned"
    " converted settled consumed resolved replaced repaired",
    NEUTRAL: "cancelled inactive expired voided void archived released_back none"
    " discontinued obsolete",
}
"""Status words by what they mean to a reader; a page may say otherwise."""

_MEANING = {
    word: meaning for meaning, words in MEANINGS.items() for word in words.split()
}


def status_pill(
    field: str = "status", *, colours: Mapping[str, str] | None = None, label: str = ""
) -> Column:
    """Return a column that shows a choice as its words on a coloured ground.

    ``colours`` maps a value to a meaning (GOOD, WAITING, PROBLEM, DONE, NEUTRAL)
    where :data:`MEANINGS` does not fit.
    """

    def show(row: Model) -> str:
        owner, name = _owner(row, field)
        value = str(getattr(owner, name, "") or "")
        if not value:
            return EMPTY
        words = getattr(owner, f"get_{name}_display", lambda: value)()
        meaning = (colours or {}).get(value) or meaning_of(value)
        return pill(str(words), meaning)

    return _column("pill", field, label, show)


def pill(words: str, meaning: str = NEUTRAL) -> SafeString:
    """Return words on the ground that ``meaning`` has in both themes."""
    return format_html('<span class="ss-pill ss-{}">{}</span>', meaning, words)


def meaning_of(value: str) -> str:
    """Return what a status word means to a reader, neutral where it is unknown."""
    return _MEANING.get(value, NEUTRAL)


def money(field: str, *, currency: str = "currency", label: str = "") -> Column:
    """Return a right-aligned amount with its currency: ``1,234.50 USD``.

    ``currency`` is the path of the code, or a code in capitals.
    """

    def show(row: Model) -> str:
        amount = _value(row, field)
        if amount is None:
            return _right(EMPTY)
        code = currency if currency.isupper() else _value(row, currency)
        return _right(money_text(amount, str(code or "")))

    return _column("money", field, label, show)


def money_text(amount: Decimal | int, currency: str) -> str:
    """Return an amount in the minor units of its currency, with the code."""
    digits = minor_units(currency)
    return f"{round_money(Decimal(amount), currency):,.{digits}f} {currency}".strip()


def number(
    field: str,
    *,
    label: str = "",
    unit: str | Callable[[Any], str] = "",
    decimals: Callable[[Any], int] | None = None,
) -> Column:
    """Return a right-aligned number with thousands apart.

    ``unit`` follows it, the same for all rows or as the row says. ``decimals`` says
    of a row how many digits of a whole number stand behind the point.
    """

    def show(row: Model) -> str:
        value = _value(row, field)
        if value is None:
            return _right(EMPTY)
        shown_unit = unit(row) if callable(unit) else unit
        digits = decimals(row) if decimals else 0
        if digits:
            value = Decimal(value).scaleb(-digits)
        elif isinstance(value, Decimal):
            value = value.normalize() + 0 if value else Decimal(0)
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
        return _right(f"{text} {shown_unit}".strip())

    return _column("number", field, label, show)


def yes_no(field: str, *, label: str = "") -> Column:
    """Return a fact in words, where Django's red cross would cry alarm over a "no"."""

    def show(row: Model) -> str:
        return "Yes" if _value(row, field) else "No"

    return _column("fact", field, label, show)


def since(field: str, *, label: str = "") -> Column:
    """Return how long ago (or how soon), with the exact time behind it."""

    def show(row: Model) -> str:
        moment = _value(row, field)
        if moment is None:
            return EMPTY
        return time_tag(moment)

    return _column("since", field, label, show)


def time_tag(moment: date, *, now: datetime | None = None) -> SafeString:
    """Return a moment in words; its exact time (UTC) is the title."""
    now = now or timezone.now()
    if isinstance(moment, datetime):
        exact, words = f"{moment:%Y-%m-%d %H:%M} UTC", _in_words(moment, now)
    else:
        exact, words = moment.isoformat(), _in_days(moment, now.date())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        exact,
        words,
    )


def link_to(field: str, words: str = "", *, label: str = "") -> Column:
    """Return the row a foreign key names, as a link to its page.

    ``words`` is the attribute of that row to show, where it is not its whole name.
    """

    def show(row: Model) -> str:
        other = _value(row, field)
        return link(other, getattr(other, words, "") if words else "")

    return _column("link", field, label, show)


def named(field: str, words: str = "", *, label: str = "") -> Column:
    """Return the same, for names that may be long.

    In a list it takes the room that the other columns leave, and is cut there; so does
    whatever else is called ``name_…``. What is called ``text_…`` is shown whole.
    """

    def show(row: Model) -> str:
        other = _value(row, field)
        if other is None:
            return EMPTY
        name = str((words and getattr(other, words)) or other)
        return link(other, long_words(name))

    return _column("name", field, label, show)


def long_words(words: str) -> SafeString:
    """Return words that a list may cut; whoever points at them reads all."""
    return format_html('<span title="{0}">{0}</span>', words)


def link(row: Model | None, words: str = "") -> str:
    """Return a link to the page of ``row``; its name where it has no page."""
    if row is None:
        return EMPTY
    try:
        url = change_url(type(row), row.pk)
    except NoReverseMatch:
        return words or str(row)
    return format_html('<a class="ss-link" href="{}">{}</a>', url, words or row)


def heading(column: Column) -> str:
    """Return what stands over a column."""
    return str(getattr(column, "short_description", ""))


def _column(kind: str, field: str, label: str, show: Callable[[Any], str]) -> Column:
    # Templates make a CSS class of the name: that is how headings align.
    # Lists take __name__, lines inside a form what repr() says, which is __qualname__.
    show.__name__ = show.__qualname__ = f"{kind}_{field}"
    words = label or field.replace(LOOKUP_SEP, " ").replace("_", " ")
    decorated: Column = admin.display(
        show, description=words, ordering=field, empty_value=EMPTY
    )
    return decorated


def _owner(row: Any, path: str) -> tuple[Any, str]:
    *way, name = path.split(LOOKUP_SEP)
    for step in way:
        row = getattr(row, step, None)
    return row, name


def _value(row: Model, path: str) -> Any:
    owner, name = _owner(row, path)
    return getattr(owner, name, None)


def _right(text: str) -> SafeString:
    return format_html('<span class="ss-number">{}</span>', text)


def _in_days(day: date, today: date) -> str:
    """Return how far a day is, in whole days: it has no hour to count from."""
    if day == today:
        return "today"
    midnight, now = (datetime.combine(d, time(0), tzinfo=UTC) for d in (day, today))
    return _in_words(midnight, now)


def _in_words(moment: datetime, now: datetime) -> str:
    if moment > now:
        if (moment - now).total_seconds() < 60:
            return "in a moment"
        return f"in {_span(now, moment)}"
    if (now - moment).total_seconds() < 60:
        return "just now"
    return f"{_span(moment, now)} ago"


def _span(begin: datetime, end: datetime) -> str:
    """Return a span in its largest unit; below a month, worked out once."""
    seconds = int((end - begin).total_seconds())
    if seconds >= SHORTEST_MONTH:
        return timesince(begin, end, depth=1)
    unit = next(unit for unit in UNITS if seconds >= unit)
    return _short_span(seconds - seconds % unit)


@lru_cache(maxsize=200)
def _short_span(seconds: int) -> str:
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    return timesince(begin, begin + timedelta(seconds=seconds), depth=1)
