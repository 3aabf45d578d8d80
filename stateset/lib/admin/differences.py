"""Where a form and the database say different things, in the fields and the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.utils.encoding import force_str

from stateset.lib.admin.columns import EMPTY

GONE = "no longer there"
LEFT_OUT = "not in your form"
REMOVED = "removed"


@dataclass(frozen=True)
class Difference:
    """One field of which the form and the database say different things."""

    label: str
    mine: str
    saved: str


def field_differences(form: forms.BaseForm, *, of: str = "") -> Iterator[Difference]:
    """Yield what a form says otherwise than the row it was given; ``of`` names it."""
    for name in form.changed_data:
        bound = form[name]
        if not bound.is_hidden:
            yield Difference(
                label=f"{of}: {bound.label}" if of else str(bound.label),
                mine=display_value(bound, bound.data),
                saved=display_value(bound, bound.initial),
            )


def line_differences(formset: BaseInlineFormSet) -> Iterator[Difference]:
    """Yield where the lines of a form and the saved ones differ, line by line."""
    if not formset.management_form.is_valid():
        return
    for form in formset.initial_forms:
        yield from _of_line(form)
    for form in formset.extra_forms:
        if form.has_changed():
            yield Difference(f"New: {_typed(form)}", _kept_words(form), EMPTY)
    seen = {form.instance.pk for form in formset.initial_forms}
    for line in formset.get_queryset():
        if line.pk not in seen:
            yield Difference(str(line), LEFT_OUT, str(line))


def _of_line(form: Any) -> Iterator[Difference]:
    line = form.instance
    if line._state.adding:
        # Another saved the document without this line.
        yield Difference(_typed(form), _kept_words(form), GONE)
    elif form.data.get(form.add_prefix(DELETION_FIELD_NAME)):
        yield Difference(str(line), REMOVED, str(line))
    else:
        yield from field_differences(form, of=str(line))


def _typed(form: Any) -> str:
    """Return the first thing that was typed into a line: its article, its name."""
    return next((value for _, value in typed_values(form)), EMPTY)


def _kept_words(form: Any) -> str:
    return ", ".join(f"{label} {value}" for label, value in typed_values(form))


def typed_values(form: Any) -> Iterator[tuple[str, str]]:
    """Yield the label and the value of each box into which something was typed."""
    for bound in form.visible_fields():
        value = display_value(bound, bound.data)
        if bound.name != DELETION_FIELD_NAME and value != EMPTY:
            yield str(bound.label), value


def display_value(bound: forms.BoundField, value: Any) -> str:
    """Return a form's value as a person reads it: the label, not the key."""
    field: Any = bound.field
    if isinstance(value, list) and isinstance(field, forms.MultiValueField):
        value = " ".join(part for part in value if part)
    elif isinstance(field, forms.ModelChoiceField):
        return _related_names(field, value)
    elif isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    else:
        value = dict(getattr(field, "choices", ())).get(value, value)
    if value in (None, "", []):
        return EMPTY
    return force_str(field.prepare_value(value))


def _related_names(field: forms.ModelChoiceField, value: Any) -> str:
    keys = value if isinstance(value, list) else [value]
    keys = [getattr(key, "pk", key) for key in keys if key]
    try:
        queryset: Any = field.queryset
        rows = queryset.filter(pk__in=keys) if keys else []
        return ", ".join(map(str, rows)) or EMPTY
    except (ValueError, ValidationError):
        return ", ".join(map(str, keys))
