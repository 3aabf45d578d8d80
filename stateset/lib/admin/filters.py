"""Filters of lists, the same addresses in both themes.

In ``list_filter``: ``("status", ChoicesFilter)``, ``("total", NumberRangeFilter)``,
``("order_date", DateRangeFilter)``, ``("customer", RelatedFilter)``,
``("is_active", BooleanFilter)``. Ranges are ``?<path>_from=…&<path>_to=…``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin import FieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_model_from_relation
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Q, QuerySet
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from stateset.lib.admin import theme
from stateset.lib.admin.searched import SearchedSelect

CHECKED = SafeString(" checked")


class IgnoreBlankMixin(FieldListFilter):
    """Take an emptied box for no filter; browsers send it all the same."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        for key in [key for key, values in params.items() if not any(values)]:
            if key == field_path or key.startswith((f"{field_path}_",)):
                del params[key]
        super().__init__(field, request, params, model, model_admin, field_path)


class ChoicesFilter(IgnoreBlankMixin, theme.ChoicesFilterBase):
    """One or several of a column's choices: ``?status__exact=pending``."""

    if theme.IS_THEMED:
        template = "admin/stateset/filter_choices.html"

        def choices(self, changelist: Any) -> Iterator[Any]:
            """Give the template the boxes, made here: the theme's cost a form each."""
            counts = (
                self.get_facet_queryset(changelist) if changelist.add_facets else {}
            )
            chosen = set(self.lookup_val or ())
            yield {"boxes": list(self.boxes(counts, chosen))}

        def boxes(self, counts: Any, chosen: set[str]) -> Iterator[SafeString]:
            """Yield a box for each choice, with its words."""
            classes = " ".join(theme.CHECKBOX_CLASSES)
            for index, (value, label) in enumerate(self.field.flatchoices):
                words = f"{label} ({counts[f'{index}__c']})" if counts else label
                yield format_html(
                    '<label class="ss-box"><input'
                    ' type="checkbox" name="{0}" value="{1}" class="{2}"'
                    ' id="id_{0}_{3}"{4}>'
                    '<span class="truncate">{5}</span></label>',
                    self.lookup_kwarg,
                    value,
                    classes,
                    index,
                    CHECKED if str(value) in chosen else "",
                    words,
                )


class BooleanFilter(IgnoreBlankMixin, theme.BooleanFilterBase):
    """Yes or no: ``?is_active__exact=1``."""


class AnswerFilter(theme.AnswerFilterBase):
    """Yes or no to what no column says; subclasses name it and say which rows do."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Yes"), ("0", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"1": queryset.filter, "0": queryset.exclude}.get(self.value() or "")
        return wanted(self.condition()) if wanted else queryset

    def condition(self) -> Q:
        """Return what holds of the rows that say yes."""
        raise NotImplementedError


class FormFilter(IgnoreBlankMixin):
    """A filter one types into; subclasses say which boxes and what they mean."""

    template = "admin/stateset/filter_form.html"

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Give the template the boxes, and what else the address says."""
        mine = set(self.expected_parameters())
        yield {
            "boxes": self.boxes(),
            "is_alone": not theme.IS_THEMED,
            "others": [
                (key, value)
                for key, values in changelist.filter_params.items()
                for value in values
                if key not in mine
            ],
        }

    def boxes(self) -> list[tuple[str, str, SafeString]]:
        """Return id, label and control of each box."""
        boxes = []
        for end, label in (("from", "From"), ("to", "To")):
            name = f"{self.field_path}_{end}"
            attributes = {
                "type": self.input_type,
                "name": name,
                "id": f"filter-{name}",
                "value": self.text(name),
                "class": " ".join(theme.INPUT_CLASSES) or "ss-input",
                **self.input_attributes,
            }
            control = format_html("<input{}>", flatatt(attributes))
            boxes.append((f"filter-{name}", label, control))
        return boxes

    input_type = "text"
    input_attributes: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return what was typed into a box; "" where nothing was."""
        values: Any = self.used_parameters.get(name) or [""]
        return str(values[-1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            return queryset.filter(**self.conditions())
        except (ValueError, OverflowError, ValidationError) as error:
            raise IncorrectLookupParameters(error) from error

    def conditions(self) -> dict[str, Any]:
        """Return the lookups of what was typed; raises ValidationError."""
        conditions = {}
        for end, lookup in (("from", "gte"), ("to", "lte")):
            text = self.text(f"{self.field_path}_{end}")
            if text:
                conditions[f"{self.field_path}__{lookup}"] = self.field.to_python(text)
        return conditions


class NumberRangeFilter(FormFilter):
    """A number between two others, both included."""

    input_type = "number"
    input_attributes = {"step": "any", "inputmode": "decimal"}


class DateRangeFilter(FormFilter):
    """A day between two others, both included, in UTC."""

    input_type = "date"

    def conditions(self) -> dict[str, Any]:
        first = _day(self.text(f"{self.field_path}_from"))
        last = _day(self.text(f"{self.field_path}_to"))
        conditions: dict[str, Any] = {}
        is_moment = isinstance(self.field, DateTimeField)
        if first:
            conditions[f"{self.field_path}__gte"] = first if is_moment else first.date()
        if last:
            end = last + timedelta(days=1)
            conditions[f"{self.field_path}__lt"] = end if is_moment else end.date()
        return conditions


class RelatedFilter(FormFilter):
    """The row a foreign key names, found by typing: ``?customer=<key>``."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        self.admin_site = model_admin.admin_site
        super().__init__(field, request, params, model, model_admin, field_path)

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def boxes(self) -> list[tuple[str, str, SafeString]]:
        name = self.field_path
        box = forms.ModelChoiceField(
            queryset=get_model_from_relation(self.field)._default_manager.all(),
            required=False,
            widget=SearchedSelect(self.field, self.admin_site),
        )
        control = box.widget.render(
            name, self.text(name) or None, attrs={"id": f"filter-{name}"}
        )
        return [(f"filter-{name}", str(capfirst(self.title)), control)]

    def conditions(self) -> dict[str, Any]:
        key = self.text(self.field_path)
        if not key:
            return {}
        related: Any = self.field
        return {self.field_path: related.target_field.to_python(key)}


def _day(text: str) -> datetime | None:
    if not text:
        return None
    day = forms.DateField().to_python(text)
    if day is None:
        return None
    return datetime.combine(day, time(0), tzinfo=timezone.get_default_timezone())
