"""Lines under a form that are only read, in the theme: a table without its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from stateset.lib.admin.columns import EMPTY, link
from stateset.lib.admin.rows import reader


def is_only_read(lines: Any) -> bool:
    """Return whether nothing in these lines can be typed, added or ticked."""
    return not (
        lines.has_add_permission
        or lines.has_change_permission
        or lines.has_delete_permission
    )


class Ledger:
    """What the template shows of lines: headings, and a row for each of them."""

    def __init__(self, lines: Any) -> None:
        self.lines = lines
        names = flatten_fieldsets(lines.fieldsets)
        owner = lines.formset.fk.name
        self.columns = [self._column(name) for name in names if name != owner]

    @property
    def headings(self) -> SafeString:
        """Return the cells of the first row."""
        return format_html_join(
            "", '<th class="column-{}" scope="col">{}</th>', map(_heading, self.columns)
        )

    @property
    def counts(self) -> SafeString:
        """Return what Django wants back of a set of forms, be it empty."""
        return _keys(self.lines.formset.management_form)

    def rows(self) -> Iterator[SafeString]:
        """Yield each line: its name where it has one, and its cells."""
        forms = self.lines.formset.initial_forms
        for index, row in enumerate(self.lines.formset.get_queryset()):
            parts: list[str] = []
            if not self.lines.opts.hide_title:
                shown = '<tr><td colspan="{}" class="ss-row-title">{}</td></tr>'
                title = link(row) if self.lines.opts.show_change_link else str(row)
                parts.append(format_html(shown, len(self.columns), title))
            parts.append('<tr class="form-row">')
            keys = _keys(forms[index]) if index < len(forms) else ""
            for name, label, show in self.columns:
                cell = '<td class="ss-cell field-{}" data-label="{}">{}{}</td>'
                text = conditional_escape(show(row)) or EMPTY
                parts.append(format_html(cell, name, label, keys, text))
                keys = ""
            parts.append("</tr>")
            yield mark_safe("".join(parts))  # noqa: S308 -- each part is escaped above

    def _column(self, name: Any) -> tuple[str, str, Callable[[Any], str]]:
        inline = self.lines.opts
        label, attribute = label_for_field(
            name, inline.model, model_admin=inline, return_attr=True
        )
        known_as = str(getattr(name, "__name__", "")) if callable(name) else name
        if isinstance(_field(inline.model, name), ForeignKey):
            return known_as, label, lambda row: link(getattr(row, name))
        return known_as, label, reader(inline, name, attribute)


def _heading(column: tuple[str, str, Any]) -> tuple[str, str]:
    name, label, _ = column
    return name, str(capfirst(label))


def _field(model: Any, name: Any) -> Any:
    try:
        return None if callable(name) else model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _keys(form: Any) -> SafeString:
    """Return what tells, when the page is sent, which lines were on it."""
    boxes = form.hidden_fields()
    return format_html_join(
        "",
        '<input type="hidden" name="{0}" value="{1}" id="id_{0}">',
        ((box.html_name, "" if box.value() is None else box.value()) for box in boxes),
    )
