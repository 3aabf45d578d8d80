"""The box in which the row of a foreign key is searched by typing."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.widgets import (
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.exceptions import ValidationError


class SearchedSelect(AutocompleteSelect):
    """Show what is chosen; what is no key at all is left to the field to refuse."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        # Django looks the values up as they came, which a forged one breaks.
        return super().optgroups(name, _keys(self.field, value), attr)


class SearchedSelectMultiple(AutocompleteSelectMultiple):
    """The same for several rows."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, _keys(self.field, value), attr)


def _keys(relation: Any, values: list[str]) -> list[str]:
    other = relation.remote_field
    name = getattr(other, "field_name", None)
    key = other.model._meta.get_field(name) if name else other.model._meta.pk
    return [value for value in values if _is_key(key, value)]


def _is_key(key: Any, value: str) -> bool:
    if not value:
        return True
    try:
        key.to_python(value)
    except ValidationError:
        return False
    return True
