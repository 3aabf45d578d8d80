"""Search that uses indexes: exact numbers as typed, other tables by their keys.

An OR across a join defeats every index. So a term is looked up in the other table
first, at most ``search_cap`` keys of it, and then rows are found by those keys.
``iexact`` would compare UPPER() on both sides and defeat plain indexes: instead
the term is tried as typed, in capitals and in small letters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from stateset.lib.admin import theme

LOOKUPS = ("exact", "startswith", "icontains")
DEFAULT_LOOKUP = "icontains"


class SearchMixin(theme.ModelAdmin):
    """Search own columns by ``search_fields``, other tables by ``search_through``.

    Both take ``field__exact``, ``field__startswith`` or ``field`` (contains).
    """

    search_through: Sequence[str] = ()
    search_cap = 1000

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        # The box and the autocomplete view look here whether search is on.
        return [*super().get_search_fields(request), *self.search_through]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = split_words(search_term)
        if not words or not (self.search_fields or self.search_through):
            return queryset, False
        found = _all_words(self.model, self.search_fields, words)
        for relation, paths in _by_relation(self.search_through).items():
            condition, was_cut = self._through(relation, paths, words)
            found |= condition
            if was_cut:
                self._tell_cut(request, relation)
        return queryset.filter(found), False

    def _through(
        self, relation: str, paths: Sequence[str], words: Sequence[str]
    ) -> tuple[Q, bool]:
        field: Any = self.model._meta.get_field(relation)
        other: Any = field.related_model
        # Lines hold the key of their document; a document, that of its customer.
        holds_us = field.auto_created
        key = field.remote_field.attname if holds_us else "pk"
        lookup = "pk" if holds_us else relation
        condition = _all_words(other, paths, words)
        rows = other._default_manager.filter(condition).order_by()
        keys = list(rows.values_list(key, flat=True)[: self.search_cap + 1])
        return (
            Q(**{f"{lookup}__in": keys[: self.search_cap]}),
            len(keys) > self.search_cap,
        )

    def _tell_cut(self, request: HttpRequest, relation: str) -> None:
        if request.method != "GET" or "autocomplete" in request.path:
            return
        messages.warning(
            request,
            f"More than {self.search_cap:,} entries under “{relation}” match: only the "
            f"first {self.search_cap:,} were searched. Type more of the name or the "
            "whole number to see the rest.",
        )


def split_words(term: str) -> list[str]:
    """Return the words of a search term, quoted phrases as one."""
    words = []
    for word in smart_split(term.replace("\x00", "")):
        if word[0] in "\"'" and len(word) > 1 and word[0] == word[-1]:
            word = unescape_string_literal(word)
        if word:
            words.append(word)
    return words


def spellings(word: str) -> list[str]:
    """Return a word as typed, in capitals and in small letters, once each."""
    return list(dict.fromkeys((word, word.upper(), word.lower())))


def match(model: type[Model], path: str, word: str) -> Q:
    """Return the condition that ``path`` (with its lookup) meets ``word``.

    A word that can't be a value of a non-text column matches nothing.
    """
    name, _, lookup = path.rpartition(LOOKUP_SEP)
    if lookup not in LOOKUPS:
        name, lookup = path, DEFAULT_LOOKUP
    field = _last_field(model, name)
    if not _is_text(field):
        try:
            return Q(**{name: field.to_python(word)})
        except ValidationError:
            return Q(pk__in=[])
    if lookup == "exact":
        return Q(**{f"{name}__in": spellings(word)})
    if lookup == "startswith":
        return reduce(
            or_, (Q(**{f"{name}__startswith": way}) for way in spellings(word))
        )
    return Q(**{f"{name}__icontains": word})


def _all_words(model: type[Model], paths: Iterable[str], words: Iterable[str]) -> Q:
    nothing = Q(pk__in=[])
    return reduce(
        and_,
        (
            reduce(or_, (match(model, path, word) for path in paths), nothing)
            for word in words
        ),
    )


def _by_relation(through: Iterable[str]) -> dict[str, list[str]]:
    paths = defaultdict(list)
    for path in through:
        relation, _, rest = path.partition(LOOKUP_SEP)
        paths[relation].append(rest)
    return paths


def _last_field(model: type[Model], path: str) -> Field[Any, Any]:
    field: Any = None
    for part in path.split(LOOKUP_SEP):
        if model is None:
            raise FieldDoesNotExist(path)
        field = model._meta.get_field(part) if part != "pk" else model._meta.pk
        model = field.related_model
    result: Field[Any, Any] = field
    return result


def _is_text(field: Field[Any, Any]) -> bool:
    return field.get_internal_type() in {"CharField", "TextField", "SlugField"}
