"""The classes every page of the admin is declared with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import unquote_plus

from django import forms
from django.contrib import messages
from django.contrib.admin.views.main import ERROR_FLAG
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect

from stateset.lib.admin import theme
from stateset.lib.admin.action_pages import GuidedActionsMixin
from stateset.lib.admin.autocompletes import AutocompleteFilterMixin, AutocompleteMixin
from stateset.lib.admin.by_hand import ByHandMixin
from stateset.lib.admin.columns import Column, heading
from stateset.lib.admin.entry import FORMFIELD_OVERRIDES
from stateset.lib.admin.export import ExportMixin
from stateset.lib.admin.ledgers import Ledger, is_only_read
from stateset.lib.admin.once import TOKEN_VAR, new_token, save_once
from stateset.lib.admin.paging import ListMixin
from stateset.lib.admin.refusals import (
    REFUSALS,
    RefusedFormMixin,
    blocking_rows,
    sentences,
)
from stateset.lib.admin.search import SearchMixin
from stateset.lib.admin.timeline import TimelineMixin
from stateset.lib.admin.versions import VERSION_VAR
from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction, document_leaving

# The theme loads them on every page of its own (UNFOLD in the settings).
OWN_MEDIA = (
    forms.Media()
    if theme.IS_THEMED
    else forms.Media(
        css={"all": ["stateset/admin.css"]},
        js=["stateset/admin.js", "stateset/mending.js"],
    )
)
READ_METHODS = ("GET", "HEAD", "OPTIONS")
REFUSAL = "_refusal"
THEMED = {"is_themed": theme.IS_THEMED}
NO_SAVING = {
    "show_save": False,
    "show_save_and_continue": False,
    "show_save_and_add_another": False,
}
UNREAD_FILTER = f"?{ERROR_FLAG}=1"


class StatesetAdmin(
    TimelineMixin,
    GuidedActionsMixin,
    ExportMixin,
    ListMixin,
    SearchMixin,
    AutocompleteFilterMixin,
    AutocompleteMixin,
):
    """A model people own: list, form, actions, export; ``docs/developer-admin.md``."""

    formfield_overrides = FORMFIELD_OVERRIDES
    save_on_top = True
    list_filter_submit = True
    list_fullwidth = True
    change_list_template = "admin/stateset/change_list.html"
    change_form_template = "admin/stateset/change_form.html"
    is_small = False
    header_columns: Sequence[Column] = ()

    show_add_link = False

    @property
    def media(self) -> forms.Media:
        return super().media + OWN_MEDIA

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        joins = self.list_select_related
        if request.path.endswith("/autocomplete/") and isinstance(joins, list | tuple):
            # Names that follow a foreign key would cost a query each.
            rows = rows.select_related(*joins)
        return rows

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        with _writing(request):
            answer = super().changelist_view(
                request,
                {"may_export": self.has_export_permission(request), **THEMED}
                | (extra_context or {}),
            )
        if getattr(answer, "url", "").endswith(UNREAD_FILTER):
            messages.warning(request, _unread(request))
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        def show() -> Any:
            return super(StatesetAdmin, self).changeform_view(
                request, object_id, form_url, extra_context
            )

        if request.method in READ_METHODS:
            return show()
        try:
            with business_transaction():
                return self._save_once(request, object_id, show)
        except REFUSALS as error:
            # Nothing was saved. Shown once more, as typed, with the reason.
            setattr(request, REFUSAL, sentences(error))
            with business_transaction():
                return show()

    def _save_once(
        self, request: HttpRequest, object_id: str | None, show: Callable[[], Any]
    ) -> Any:
        def save() -> Any:
            return (object_id and self.conflict(request, object_id)) or show()

        if object_id and TOKEN_VAR not in request.POST:
            # A row that is there is guarded by its version, and can't be made twice.
            return save()
        return save_once(request, f"Save {self.opts.verbose_name}", save)

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            with _writing(request):
                return super().delete_view(request, object_id, extra_context)
        except REFUSALS as error:
            messages.error(request, sentences(error))
            return HttpResponseRedirect("../change/")

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        **kwargs: Any,
    ) -> type[Any]:
        form: type[Any] = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, REFUSAL, "")
        if refusal:
            return type(form.__name__, (RefusedFormMixin, form), {"refusal": refusal})
        return form

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> Any:
        shown = super().get_inline_formsets(*args, **kwargs)
        if theme.IS_THEMED:
            for lines in shown:
                lines.ledger = Ledger(lines) if is_only_read(lines) else None
        return shown

    def header_columns_of(self, row: Any) -> Sequence[Column]:
        """Return what stands over the page of ``row``."""
        return self.header_columns

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        if obj is not None and obj.pk and change:
            context |= {
                "buttons": self.buttons(request, obj),
                "timeline": self.timeline(request, obj),
                "header": [
                    (heading(column), column(obj))
                    for column in self.header_columns_of(obj)
                ],
            }
            if self.is_versioned:
                context |= {
                    "version_var": VERSION_VAR,
                    "version": self.version_shown(obj),
                }
        context |= {"token_var": TOKEN_VAR, "token": new_token(), **THEMED}
        if not _can_be_edited(context):
            context |= NO_SAVING
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        if blocking := blocking_rows(objs, self.model):
            return [], {}, set(), blocking
        shown, counts, lacking, protected = super().get_deleted_objects(objs, request)
        # Lines go with their header, though on their own they are only read.
        lines = {str(inline.model._meta.verbose_name) for inline in self.inlines}
        return shown, counts, set(map(str, lacking)) - lines, protected


class ReadOnlyAdmin(StatesetAdmin):
    """An append-only table: list, filter, search, export, view; nothing else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class DocumentAdmin(ByHandMixin, StatesetAdmin):
    """A document with a status: never typed, and kept once it left the first one."""

    deletable_statuses: Collection[str] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        declared = super().get_readonly_fields(request, obj)
        return declared if "status" in declared else (*declared, "status")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context["by_hand_url"] = self.by_hand_url(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        if obj is None or getattr(obj, "status", "") not in self.deletable_statuses:
            return False
        return super().has_delete_permission(request, obj)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> Any:
        """Show the new document: what is done to it next starts on its page."""
        if self.has_view_or_change_permission(request, obj):
            return self._to_row(obj)
        return super().response_post_save_add(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document as it is now, with the event that tells it is gone."""
        name = str(self.opts.verbose_name)
        with business_transaction():
            if not self.lock(str(obj.pk)):
                raise StatesetError(
                    f"{name.capitalize()} {obj} was not deleted.",
                    why="somebody else deleted it a moment ago",
                    fix="go back to the list",
                )
            obj.refresh_from_db()
            if obj.status not in self.deletable_statuses:
                raise StatesetError(
                    f"{name.capitalize()} {obj} was not deleted.",
                    why=f"it is {str(obj.get_status_display()).lower()} now",
                    fix="reload the page and use the buttons on it",
                )
            document_leaving.send(
                sender=type(obj), row=obj, event_type=self.name_event("deleted")
            )
            super().delete_model(request, obj)


def _can_be_edited(context: dict[str, Any]) -> bool:
    """Return whether a form has anything that could be typed or ticked."""
    return bool(context["adminform"].form.fields) or any(
        lines.has_add_permission
        or lines.has_change_permission
        or lines.has_delete_permission
        for lines in context["inline_admin_formsets"]
    )


def _unread(request: HttpRequest) -> str:
    asked = unquote_plus(request.META.get("QUERY_STRING", ""))[:200]
    asked = asked.replace("\0", "%00")
    return (
        "The filter was not applied: this is the whole list."
        f" Why: the address says “{asked}”, and that can't be read."
        " What to do: choose the filter anew, beside the list."
    )


def _writing(request: HttpRequest) -> AbstractContextManager[None]:
    if request.method in READ_METHODS:
        return nullcontext()
    return business_transaction()
