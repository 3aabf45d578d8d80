"""Rows of lists and of lines in the theme, columns looked up once, not once a row.

The theme works out the headings anew for every row and asks its templates for each
cell: most of the time of a page went there. The cells' looks are in ``admin.css``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import CharField, ForeignKey, Model, TextField
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from stateset.lib.admin import theme
from stateset.lib.admin.columns import long_words

CHECKBOX = "action_checkbox"
CODE_LENGTH = 100
"""A longer field is a name, which a list may cut; a code stands unbroken."""

KEY = "{key}"
NAME, TEXT, CODE = "name_", "text_", ""
KINDS = {NAME: ["ss-long"], TEXT: ["ss-text"], CODE: []}


@dataclass(frozen=True)
class Cell:
    """One column: the tag it opens, and what stands between that and its end."""

    opening: str
    tag: str
    is_link: bool
    show: Callable[[Any], str]


def rows(changelist: Any) -> Iterator[SafeString]:
    """Yield the rows of the shown page, each with its cells."""
    cells = [
        _cell(changelist, index, name)
        for index, name in enumerate(changelist.list_display)
    ]
    suffix = None
    for row in changelist.result_list:
        address = _address(changelist, row)
        if address and suffix is None:
            kept = {"preserved_filters": changelist.preserved_filters}
            whole = add_preserved_filters({**kept, "opts": changelist.opts}, address)
            suffix = whole.removeprefix(address)
        opening = _link(changelist, row, f"{address}{suffix}") if address else ""
        parts = []
        for cell in cells:
            text = str(conditional_escape(cell.show(row)))
            if cell.is_link and opening:
                text = f"{opening}{text}</a>"
            parts.append(f"{cell.opening}{text}</{cell.tag}>")
        yield mark_safe("".join(parts))  # noqa: S308 -- each part is escaped above


def _cell(changelist: Any, index: int, name: Any) -> Cell:
    links = changelist.list_display_links
    # None: no column leads to the page of the row. Empty: the first one does.
    is_link = links is not None and name in links
    if name == CHECKBOX:
        opening = '<td class="ss-cell ss-tick" data-label="Select record">'
        return Cell(opening, "td", is_link=False, show=_checkbox())
    label, attribute = label_for_field(
        name, changelist.model, model_admin=changelist.model_admin, return_attr=True
    )
    tag = "th" if is_link and name == links[0] else "td"
    known_as = str(getattr(name, "__name__", index) if callable(name) else name)
    show = reader(changelist.model_admin, name, attribute)
    kind = _kind(changelist.opts, known_as)
    show = _with_title(show) if kind == NAME else show
    classes = " ".join(("ss-cell", f"field-{known_as}", *KINDS[kind]))
    opening = format_html('<{} class="{}" data-label="{}">', tag, classes, label)
    return Cell(opening, tag, is_link=is_link, show=show)


def _kind(options: Any, known_as: str) -> str:
    """Return what a column holds: a text to be read whole, a name, or a code."""
    field = next((each for each in options.fields if each.name == known_as), None)
    if known_as.startswith(TEXT) or isinstance(field, TextField):
        return TEXT
    is_name = isinstance(field, ForeignKey) or (
        isinstance(field, CharField) and (field.max_length or 0) > CODE_LENGTH
    )
    return NAME if is_name or known_as.startswith(NAME) else CODE


def _with_title(show: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return what shows the same, and all of it where a list cuts it."""

    def show_whole(row: Model) -> str:
        text = show(row)
        return text if isinstance(text, SafeString) else long_words(text)

    return show_whole


def _checkbox() -> Callable[[Any], str]:
    before, after = theme.checkbox(ACTION_CHECKBOX_NAME, KEY).split(KEY)
    ends = SafeString(before), SafeString(after)

    def show(row: Model) -> SafeString:
        return format_html("{}{}{}", ends[0], row.pk, ends[1])

    return show


def reader(model_admin: Any, name: Any, attribute: Any) -> Callable[[Any], str]:
    """Return what shows a row's value; fields as Django, ours as they are."""
    empty = getattr(
        attribute, "empty_value_display", model_admin.get_empty_value_display()
    )
    is_fact = bool(getattr(attribute, "boolean", False))

    def show(row: Model) -> str:
        if callable(name):
            field, value = None, name(row)
        else:
            try:
                field, _, value = lookup_field(name, row, model_admin)
            except (AttributeError, ValueError, ObjectDoesNotExist):
                return str(empty)
        if isinstance(value, SafeString):
            return value
        if field is None or field.auto_created:
            return theme.display_for_value(value, empty, is_fact)
        if isinstance(field, ForeignKey):
            other = getattr(row, field.name)
            return str(empty if other is None else other)
        return theme.display_for_field(value, field, empty)

    return show


def _address(changelist: Any, row: Model) -> str:
    try:
        return str(changelist.url_for_result(row))
    except NoReverseMatch:
        return ""


def _link(changelist: Any, row: Any, address: str) -> SafeString:
    if not changelist.is_popup:
        return format_html('<a href="{}">', address)
    key = str(changelist.to_field or changelist.pk_attname)
    chosen = row.serializable_value(key)
    return format_html('<a href="{}" data-popup-opener="{}">', address, chosen)
