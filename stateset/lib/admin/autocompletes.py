"""Foreign keys are searched by typing, unless the other table stays small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db.models import Model
from django.http import HttpRequest

from stateset.lib.admin import theme
from stateset.lib.admin.filters import RelatedFilter
from stateset.lib.admin.searched import SearchedSelect, SearchedSelectMultiple


class AutocompleteMixin(BaseModelAdmin):
    """Make each foreign key to a searchable model an autocomplete field.

    A model whose own admin says ``is_small`` is offered as a plain select.
    """

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        declared = super().get_autocomplete_fields(request)
        return [*declared, *(name for name in self._searched() if name not in declared)]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name not in self.get_autocomplete_fields(request):
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        kwargs.setdefault("widget", SearchedSelect(db_field, self.admin_site))
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.label_from_instance = _name_giver(
            self.admin_site._registry.get(db_field.remote_field.model)
        )
        return field

    def picked_as(self, row: Any) -> str:
        """Return what a box in which rows of this page are searched calls one."""
        return str(row)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            box = SearchedSelectMultiple(db_field, self.admin_site)
            kwargs.setdefault("widget", box)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _searched(self) -> list[str]:
        options = self.opts
        return [
            field.name
            for field in (*options.fields, *options.many_to_many)
            if field.remote_field
            and field.name not in (*self.raw_id_fields, *self.radio_fields)
            and self._is_searched(field.remote_field.model)
        ]

    def _is_searched(self, other: type[Model]) -> bool:
        registered = self.admin_site._registry.get(other)
        if registered is None or getattr(registered, "is_small", False):
            return False
        return bool(
            registered.search_fields or getattr(registered, "search_through", ())
        )


class NamingJsonView(AutocompleteJsonView):
    """Find rows for a box, under the names that their own page gives them."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        found: dict[str, str] = super().serialize_result(obj, to_field_name)
        return {**found, "text": _name_giver(self.model_admin)(obj)}


class AutocompleteFilterMixin(theme.ModelAdmin):
    """Load the files that ``RelatedFilter`` needs, and one query for its names."""

    @property
    def media(self) -> forms.Media:
        media = super().media
        for entry in self.list_filter:
            if isinstance(entry, tuple) and issubclass(entry[1], RelatedFilter):
                field: Any = self.opts.get_field(str(entry[0]).partition("__")[0])
                return media + SearchedSelect(field, self.admin_site).media
        return media


def _name_giver(page: Any) -> Callable[[Any], str]:
    giver: Callable[[Any], str] = getattr(page, "picked_as", str)
    return giver
