"""Two people on one form: the second is told, and nothing is overwritten.

For models with an integer ``version``. The form carries the version it was made
from; a save locks the row first, reads it again, compares, and raises the version.
Where a model has none, the document that it belongs to may lend its own
(``version_of``); then that one is locked, and not raised.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, IntegerField, Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse

from stateset.lib.admin import theme
from stateset.lib.admin.differences import (
    Difference,
    field_differences,
    line_differences,
)

VERSION_VAR = "_version"


class VersionMixin(theme.ModelAdmin):
    """Refuse a form made from a version that is no longer the saved one."""

    version_of: ClassVar[str] = ""
    """The relation to the document whose version stands for the row."""

    def version_shown(self, row: Any) -> Any:
        """Return the version that a page of the row carries; "" where there is none."""
        document = getattr(row, self.version_of) if self.version_of else row
        return getattr(document, "version", "")

    @property
    def is_versioned(self) -> bool:
        return bool(self.version_of) or self.has_own_version

    @property
    def has_own_version(self) -> bool:
        try:
            return isinstance(self.opts.get_field("version"), IntegerField)
        except FieldDoesNotExist:
            return False

    def conflict(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Return the conflict page if somebody saved the row meanwhile, else nothing.

        Locks the row until the transaction ends. Called with the POST, in it.
        """
        if not self.is_versioned or not self.lock(object_id):
            return None
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return None
        seen = request.POST.get(VERSION_VAR, "")
        saved = str(self.version_shown(row))
        if seen == saved:
            return None
        return TemplateResponse(
            request,
            "admin/stateset/conflict.html",
            {
                **self.admin_site.each_context(request),
                "title": f"{row}: somebody else saved it first",
                "opts": self.opts,
                "original": row,
                "differences": self.differences(request, row),
                "carried": _carried(request.POST),
                "version_var": VERSION_VAR,
                "saved_version": saved,
            },
            status=409,
        )

    def lock(self, object_id: str) -> bool:
        """Lock the row until the transaction ends; false where there is none."""
        rows = self.model._base_manager.all()
        try:
            rows = rows.filter(pk=self.opts.pk.to_python(unquote(object_id)))
        except ValidationError:
            return False
        if self.version_of:
            lent = self.opts.get_field(self.version_of)
            lenders: Any = lent.related_model
            rows = lenders._base_manager.filter(pk__in=rows.values(lent.name))
        # Alone, without the joins of a list: those can't be locked.
        return bool(rows.select_for_update(no_key=True).values_list("pk", flat=True))

    def differences(self, request: HttpRequest, row: Model) -> list[Difference]:
        """Return what the form says otherwise than the row as it is now."""
        form_class = self.get_form(request, row, change=True)
        form = form_class(request.POST, request.FILES, instance=row)
        found = list(field_differences(form))
        made: Any = self
        formsets, inlines = made._create_formsets(request, row, change=True)
        for formset, inline in zip(formsets, inlines, strict=True):
            if inline.has_change_permission(request, row):
                found += line_differences(formset)
        return found

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: Any,
    ) -> None:
        if change and self.has_own_version and form.changed_data:
            obj.version += 1
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        lines_only = not form.changed_data and any(
            formset.has_changed() for formset in formsets
        )
        if change and self.has_own_version and lines_only:
            rows = self.model._base_manager.filter(pk=form.instance.pk)
            rows.update(version=F("version") + 1)


def _carried(posted: QueryDict) -> list[tuple[str, str]]:
    dropped = {VERSION_VAR, "csrfmiddlewaretoken"}
    return [
        (name, value)
        for name, values in posted.lists()
        for value in values
        if name not in dropped
    ]
