"""Lists over big tables: a count with an end, deep pages without their joins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Page, Paginator
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from stateset.lib.admin import rows, theme
from stateset.lib.admin.addresses import change_url

COUNT_CAP = 10_000
DEEPEST_ROW = 1_000_000
PRESET_VAR = "preset"


@dataclass(frozen=True)
class Preset:
    """One tab over a list: ``Preset("late", "Late", lambda rows: rows.late(now()))``.

    ``narrow`` must meet an index; its address is ``?preset=<name>``.
    """

    name: str
    label: str
    narrow: Callable[[Any], QuerySet[Any]]


@dataclass(frozen=True)
class Tab:
    """A preset as the list shows it."""

    label: str
    url: str
    is_current: bool


class CappedCount(int):
    """A count that stopped at the cap, and says so when it is written."""

    def __str__(self) -> str:
        return f"{self - 1:,}+"

    __repr__ = __str__


class CappedPaginator(Paginator):
    """Count no further than the pages offered; fetch deep pages by their keys.

    An unbounded COUNT(*) reads the whole table, and OFFSET with joins joins every
    row it skips.
    """

    cap = COUNT_CAP

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        counted = rows.order_by().values("pk")[: self.cap + 1].count()
        return CappedCount(counted) if counted > self.cap else counted

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        rows = self.object_list
        if page.number > 1 and isinstance(rows, QuerySet):
            start = (page.number - 1) * self.per_page
            keys = rows.values_list("pk", flat=True)[start : start + self.per_page]
            page.object_list = rows.filter(pk__in=list(keys))
        return page


class StatesetChangeList(theme.ChangeList):
    """A list narrowed by one of its model admin's presets."""

    model_admin: Any

    @cached_property
    def preset(self) -> Preset | None:
        name = self.params.get(PRESET_VAR)
        if not name:
            return None
        presets: Sequence[Preset] = self.model_admin.presets
        for preset in presets:
            if preset.name == name:
                return preset
        raise IncorrectLookupParameters

    def tabs(self) -> list[Tab]:
        """Return the tabs to show, "All" first; none where there are no presets."""
        presets: Sequence[Preset] = self.model_admin.presets
        if not presets or self.is_popup:
            return []
        return [
            Tab("All", self.get_query_string(remove=[PRESET_VAR]), self.preset is None)
        ] + [
            Tab(
                preset.label,
                self.get_query_string({PRESET_VAR: preset.name}),
                preset == self.preset,
            )
            for preset in presets
        ]

    def url_for_result(self, result: Model) -> str:
        site = self.model_admin.admin_site.name
        return change_url(self.model, getattr(result, self.pk_attname), site=site)

    def shown_rows(self) -> list[SafeString]:
        """Return the rows of the page, ready for the table."""
        return list(rows.rows(self))

    def headings(self) -> list[dict[str, Any]]:
        """Return the headings of the table, with the addresses that sort it."""
        return list(theme.result_headers(self))

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        lookups: dict[str, Any] = super().get_filters_params(params)
        lookups.pop(PRESET_VAR, None)
        return lookups

    def get_results(self, request: HttpRequest) -> None:
        if any("\0" in value for value in _asked(request)):
            raise IncorrectLookupParameters
        try:
            super().get_results(request)
        except (DataError, OverflowError, ValueError) as error:
            # The database alone knows what it can't compare, such as a year 99999.
            raise IncorrectLookupParameters(error) from error
        if not (self.query or self.preset or self.has_active_filters):
            # Nothing was left out: the theme need not offer to show all.
            self.full_result_count = self.result_count

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        return self.preset.narrow(rows) if self.preset else rows


def _asked(request: HttpRequest) -> Iterator[str]:
    """Yield every value that the address of a list carries."""
    for values in request.GET.lists():
        yield from values[1]


class ListMixin(theme.ModelAdmin):
    """The list of a model admin, fit for a million rows."""

    show_full_result_count = False
    list_per_page = 50
    presets: Sequence[Preset] = ()
    # The theme asks for these on every page, and an attribute that is not there
    # costs a look at all the others.
    list_sections: Sequence[Any] = ()
    conditional_fields: Mapping[str, str] = {}
    change_form_show_cancel_button = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        return StatesetChangeList

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,  # noqa: FBT001, FBT002 -- Django's own
    ) -> CappedPaginator:
        """Return a paginator that counts to the cap, or past the page asked for."""
        paginator = CappedPaginator(queryset, per_page, orphans, allow_empty_first_page)
        # The autocomplete view names its page in full.
        asked = request.GET.get(PAGE_VAR) or request.GET.get("page") or ""
        if asked.isdecimal():
            past_it = min((int(asked) + 1) * per_page, DEEPEST_ROW)
            paginator.cap = max(COUNT_CAP, past_it)
        return paginator
