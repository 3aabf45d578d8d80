"""Lines inside a form: editable ones, and ledgers that are only read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.paginator import Page
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from stateset.lib.admin import theme
from stateset.lib.admin.autocompletes import AutocompleteMixin
from stateset.lib.admin.entry import FORMFIELD_OVERRIDES
from stateset.lib.admin.paging import CappedPaginator

INLINE = "admin/stateset/inline.html"


class StatesetTabularInline(AutocompleteMixin, theme.TabularInline):
    """Lines in a table; foreign keys are searched by typing."""

    template = INLINE
    formfield_overrides = FORMFIELD_OVERRIDES
    extra = 0


class StatesetStackedInline(AutocompleteMixin, theme.StackedInline):
    """Lines one below the other, for those with many fields."""

    formfield_overrides = FORMFIELD_OVERRIDES
    extra = 0


class PagedFormSet(BaseInlineFormSet):
    """The rows of one page, which ``?<prefix>-page=`` names."""

    per_page = 20
    asked_page = 1

    if theme.IS_THEMED:

        @property
        def forms(self) -> list[Any]:
            """Return none: what is only read needs no form, and each costs time."""
            return []

    def get_queryset(self) -> Any:
        return self.shown_page.object_list

    @property
    def shown_page(self) -> Page[Any]:
        """Return the page asked for, the last one where it is past the end."""
        if not hasattr(self, "_shown_page"):
            rows: Any = super().get_queryset()
            first = list(rows[: self.per_page + 1])
            if len(first) <= self.per_page:
                # All of them: most documents have few, and need no count.
                rows = first
            paginator = CappedPaginator(rows, self.per_page)
            paginator.cap = max(paginator.cap, (self.asked_page + 1) * self.per_page)
            page = paginator.get_page(self.asked_page)
            page.object_list = list(page.object_list)
            self._shown_page = page
        return self._shown_page

    def page_links(self) -> list[tuple[str, str]]:
        """Return label and address of the neighbouring pages."""
        page, links = self.shown_page, []
        variable = f"{self.prefix}-page"
        if page.has_previous():
            links.append(("Newer", f"?{variable}={page.previous_page_number()}"))
        if page.has_next():
            links.append(("Older", f"?{variable}={page.next_page_number()}"))
        return links


class ReadOnlyInline(theme.TabularInline):
    """A ledger under a form: read page by page, never edited.

    Name its columns in ``fields``; order it newest first by ``ordering``.
    """

    # Columns of stateset.lib.admin.columns are callables, which Django's own stubs
    # expect in readonly_fields only.
    fields: ClassVar[Any] = None
    template = INLINE
    formset = PagedFormSet
    extra = 0
    max_num = 0
    page_size = 20
    can_delete = False
    show_change_link = False

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> type[Any]:
        made: Any = super().get_formset(request, obj, **kwargs)
        asked = request.GET.get(f"{made.get_default_prefix()}-page", "1")
        made.per_page = self.page_size
        made.asked_page = min(int(asked), 50_000) if asked.isdecimal() else 1
        formset: type[Any] = made
        return formset

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or super().get_readonly_fields(request, obj)

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False
